import { connect, type Socket } from 'node:net';

/** A client that costs little: logs in with a token, then sends bytes that are given and counts ReadyForQuery. */
export class LightClient {
  readonly #socket: Socket;
  #rest: Buffer = EMPTY;
  #whenReady: (() => void) | undefined;
  #failed: Error | undefined;
  #reject: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Resolves when the server is ready for statements. Rejects when it is not. */
  static connect(port: number, token: string): Promise<LightClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      const client = new LightClient(socket);
      client.#whenReady = () => resolve(client);
      client.#reject = reject;
      socket.on('connect', () => socket.write(STARTUP));
      socket.on('data', (bytes: Buffer) => client.#receive(bytes, token));
      socket.on('error', (error) => client.#fail(error));
      socket.on('close', () => client.#fail(new Error('the connection was closed')));
    });
  }

  /** Sends messages and waits for the next ReadyForQuery. Rejects when the connection ends before. */
  round(bytes: Buffer): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#whenReady = resolve;
      this.#reject = reject;
      this.#socket.write(bytes);
    });
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#reject?.(this.#failed);
    this.#reject = undefined;
  }

  #receive(bytes: Buffer, token: string): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (all.length - at >= HEADER) {
      const end = at + 1 + all.readUInt32BE(at + 1);
      if (end > all.length) break;
      this.#take(all[at] as number, all.subarray(at + HEADER, end), token);
      at = end;
    }
    this.#rest = at === all.length ? EMPTY : Buffer.from(all.subarray(at));
  }

  #take(type: number, body: Buffer, token: string): void {
    if (type === AUTHENTICATION && body.readUInt32BE(0) === CLEARTEXT) this.#socket.write(message('p', `${token}\0`));
    if (type === ERROR && this.#whenReady !== undefined && body.includes('FATAL'))
      this.#fail(new Error(body.toString('utf8').replaceAll('\0', ' ')));
    if (type !== READY) return;
    const ready = this.#whenReady;
    this.#whenReady = undefined;
    this.#reject = undefined;
    ready?.();
  }
}

export function message(type: string, body: string): Buffer {
  const bytes = Buffer.alloc(HEADER + Buffer.byteLength(body));
  bytes.write(type, 0, 'latin1');
  bytes.writeUInt32BE(bytes.length - 1, 1);
  bytes.write(body, HEADER);
  return bytes;
}

const EMPTY = Buffer.alloc(0);
const HEADER = 5;
const AUTHENTICATION = 0x52;
const CLEARTEXT = 3;
const ERROR = 0x45;
const READY = 0x5a;
const PARAMETERS = 'user\0soak\0database\0soak\0\0';
const STARTUP = Buffer.concat([Buffer.from([0, 0, 0, 8 + PARAMETERS.length, 0, 3, 0, 0]), Buffer.from(PARAMETERS)]);
