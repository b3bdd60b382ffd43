import { describe, expect, it } from '@jest/globals';
import type { Gateway, GatewayLease } from '@sqlwarden/runtime';
import { governedSocket, type Link } from './governed-stream.js';

const link = (): Link => ({ intent: undefined, connection: undefined, hasEnded: false });
const governance = (gateway: Promise<Gateway>) => ({
  lease: { gateway: () => gateway } as unknown as GatewayLease,
  upstream: undefined,
  identity: 'a token',
  wanted: { host: undefined, port: undefined, database: undefined },
});

describe("the driver's end of a connection", () => {
  it('is waited for no longer than the driver waits', async () => {
    const controller = new AbortController();
    const socket = governedSocket(governance(new Promise(() => undefined)), link(), controller.signal);
    controller.abort(new Error('too late'));
    await expect(socket).rejects.toThrow('too late');
    await expect(governedSocket(governance(new Promise(() => undefined)), link(), controller.signal)).rejects.toThrow('too late');
  });

  it('is not made for a connection that was closed meanwhile', async () => {
    const one = link();
    let open: (gateway: Gateway) => void = () => undefined;
    const socket = governedSocket(governance(new Promise((resolve) => (open = resolve))), one);
    one.hasEnded = true;
    open({} as Gateway);
    await expect(socket).rejects.toThrow('the connection was closed before it was made');
  });
});
