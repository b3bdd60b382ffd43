import type { Duplex } from 'node:stream';

/** What `pg` calls on its stream besides the stream's own methods (pg 8: `lib/connection.js`). */
export interface DriverSocket extends Duplex {
  connect(portOrPath: number | string, host?: string): this;
  setNoDelay(noDelay?: boolean): this;
  setKeepAlive(enable?: boolean, initialDelay?: number): this;
  ref(): this;
  unref(): this;
}

/** The other end of the in-memory connection, as far as it can keep the process alive. */
export interface FarEnd {
  keepAlive(keepsAlive: boolean): void;
}

/**
 * Makes the driver's end of an in-memory connection look like a socket that is not connected yet. `open` is called once, when the driver
 * connects; the stream is destroyed with its error when it fails. What the driver writes before waits in the stream.
 */
export function driverSocket(near: Duplex, open: () => Promise<FarEnd>): DriverSocket {
  let far: FarEnd | undefined;
  let keepsAlive = true;
  // Something must keep the process alive while the gateway opens, as a dialling socket would.
  let alive: NodeJS.Timeout | undefined;
  const socket: DriverSocket = Object.assign(near, {
    connect(): DriverSocket {
      alive = setInterval(() => undefined, 1 << 30);
      open().then(
        (opened) => {
          clearInterval(alive);
          far = opened;
          far.keepAlive(keepsAlive);
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
      keepsAlive = true;
      alive?.ref();
      far?.keepAlive(true);
      return socket;
    },
    unref(): DriverSocket {
      keepsAlive = false;
      alive?.unref();
      far?.keepAlive(false);
      return socket;
    },
  });
  near.once('close', () => clearInterval(alive));
  return socket;
}
