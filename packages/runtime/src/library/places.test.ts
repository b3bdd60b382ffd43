import { describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { Places } from './places.js';

describe('places', () => {
  it('are as many as there are, and given on in the order of who came', async () => {
    const places = new Places(2);
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (at) => {
        await places.take(0);
        order.push(at);
        most = Math.max(most, (inside += 1));
        await wait(2);
        inside -= 1;
        places.giveBack();
      }),
    );
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  it('are not waited for longer than was said, and nobody is given one who has left', async () => {
    const places = new Places(1);
    await places.take(0);
    await expect(places.take(5)).rejects.toThrow('timeout exceeded when trying to connect');
    const next = places.take(0);
    places.giveBack();
    await next;
    places.giveBack();
    await places.take(5);
  });
});
