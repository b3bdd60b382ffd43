import { describe, expect, it } from '@jest/globals';
import { summariseProfile } from './cpu-profile.js';

const frame = (functionName: string, url = '', lineNumber = -1): object => ({ functionName, url, lineNumber });
const PROFILE = JSON.stringify({
  startTime: 1_000,
  nodes: [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('step', 'file:///x/packages/postgres/dist/session/wire.js', 9) },
    { id: 3, callFrame: frame('(garbage collector)') },
    { id: 4, callFrame: frame('step', 'file:///x/packages/postgres/dist/session/wire.js', 9) },
    { id: 5, callFrame: frame('', 'node:net', 0) },
  ],
  samples: [2, 1, 3, 4, 5],
  timeDeltas: [100, 100, 20, 50, 30],
});

describe('a CPU profile', () => {
  it('is added up by function, wherever it was called from, without idle time', () => {
    const { busyMicros, wholeMicros, selfTimes } = summariseProfile(PROFILE, 0, 10_000);
    expect(wholeMicros).toBe(300);
    expect(busyMicros).toBe(200);
    expect(selfTimes).toEqual([
      { place: 'step postgres/session/wire.js:10', micros: 150 },
      { place: '(anonymous) node:net:1', micros: 30 },
      { place: '(garbage collector)', micros: 20 },
    ]);
  });

  it('leaves out what is before and after the window', () => {
    const { wholeMicros, selfTimes } = summariseProfile(PROFILE, 1_150, 1_270);
    expect(wholeMicros).toBe(170);
    expect(selfTimes.map(({ micros }) => micros)).toEqual([50, 20]);
  });
});
