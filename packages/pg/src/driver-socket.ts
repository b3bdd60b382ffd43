import type { Duplex } from 'node:stream';

/** What `pg` calls on its stream besides the stream's own methods (pg 8: `lib/connection.js`). */
export interface DriverSocket extends Duplex {
  connect(portOrPath: number | string, host?: string): this;
  setNoDelay(noDelay?: boolean): this;
  setKeepAlive(enable?: boolean, initialDelay?: number): this;
  ref(): this;
  unref(): this;
}

/**
 * Makes the driver's end of an in-memory connection look like a socket that is not connected yet. `open` is called once, when the driver
 * connects; the stream is destroyed with its error when it fails. What the driver writes before waits in the stream.
 */
export function driverSocket(near: Duplex, open: () => Promise<void>): DriverSocket {
  // Something must keep the process alive while the gateway opens, as a dialling socket would.
  let alive: NodeJS.Timeout | undefined;
  const socket: DriverSocket = Object.assign(near, {
    connect(): DriverSocket {
      alive = setInterval(() => undefined, 1 << 30);
      open().then(
        () => {
          clearInterval(alive);
          socket.emit('connect');
        },
        (error: Error) => {
          clearInterval(alive);
          socket.destroy(error);
        },
      );
      return socket;
    },
    setNoDelay: (): DriverSocket => socket,
    setKeepAlive: (): DriverSocket => socket,
    ref(): DriverSocket {
      alive?.ref();
      return socket;
    },
    unref(): DriverSocket {
      alive?.unref();
      return socket;
    },
  });
  near.once('close', () => clearInterval(alive));
  return socket;
}
