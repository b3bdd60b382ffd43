import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawLogin {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** `ReadyForQuery` outside a transaction: the last bytes of every answer here. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const ERROR = 'E'.charCodeAt(0);
const AUTHENTICATION = 'R'.charCodeAt(0);
const CLEARTEXT_PASSWORD = 3;
const PROTOCOL_3_0 = 196_608;
const RECEIVE_BYTES = 1 << 18;

/**
 * A client that decodes nothing of an answer: it counts bytes until one ends in `ReadyForQuery`, so that reading costs it as little as a
 * client can pay. Receives into one buffer. Logs in by a password in clear.
 */
export class RawReader {
  readonly #socket: Socket;
  readonly #buffer: Buffer;
  #received = 0;
  /** What the server complained of, when its answer began so. */
  #complaint: string | undefined;
  readonly #tail = Buffer.alloc(READY.length);
  /** Until it was asked for. */
  #password: Buffer | undefined;
  #done: ((error?: Error) => void) | undefined;

  private constructor(socket: Socket, buffer: Buffer) {
    this.#socket = socket;
    this.#buffer = buffer;
  }

  static async connect({ port, user, password, database }: RawLogin): Promise<RawReader> {
    const buffer = Buffer.allocUnsafe(RECEIVE_BYTES);
    const socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: { buffer, callback: (bytes) => reader.#receive(bytes) },
    });
    const reader = new RawReader(socket, buffer);
    socket.on('error', (error) => reader.#done?.(error));
    socket.on('close', () => reader.#done?.(new Error('the connection was closed')));
    await once(socket, 'connect');
    const parameters = ['user', user, 'database', database, ''].map((part) => `${part}\0`).join('');
    reader.#password = passwordMessage(password);
    await reader.ask(withLength(Buffer.concat([int32(PROTOCOL_3_0), Buffer.from(parameters)])));
    return reader;
  }

  /** Sends what asks for rows; resolves with the number of bytes of the answer, up to and with ReadyForQuery. */
  ask(request: Uint8Array): Promise<number> {
    this.#received = 0;
    this.#complaint = undefined;
    return new Promise((resolve, reject) => {
      this.#done = (error) => {
        this.#done = undefined;
        if (this.#complaint !== undefined) reject(new Error(`the server answered with an error: ${this.#complaint}`));
        else if (error) reject(error);
        else resolve(this.#received);
      };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  /** Answers whether to go on reading. */
  #receive(bytes: number): boolean {
    if (this.#received === 0 && this.#isQuestion(bytes)) return true;
    this.#received += bytes;
    if (bytes >= READY.length) this.#buffer.copy(this.#tail, 0, bytes - READY.length, bytes);
    else {
      this.#tail.copyWithin(0, bytes);
      this.#buffer.copy(this.#tail, READY.length - bytes, 0, bytes);
    }
    if (this.#tail.equals(READY)) this.#done?.();
    return true;
  }

  /** Looks at the first bytes of an answer: keeps an error, and answers the question for the password. */
  #isQuestion(bytes: number): boolean {
    const type = this.#buffer[0];
    if (type === ERROR) this.#complaint = this.#buffer.toString('utf8', 5, Math.min(bytes, 300)).replaceAll('\0', ' ');
    if (type !== AUTHENTICATION || this.#password === undefined || bytes < 9) return false;
    if (this.#buffer.readInt32BE(5) !== CLEARTEXT_PASSWORD) return false;
    this.#socket.write(this.#password);
    this.#password = undefined;
    return true;
  }
}

/** "Message Formats": Query. The answer has all columns in text format. */
export function queryMessage(sql: string): Buffer {
  return message('Q', Buffer.from(`${sql}\0`));
}

/** "Message Formats": Parse, Bind, Describe, Execute and Sync of the unnamed statement, with all columns in binary format. */
export function binaryQueryMessages(sql: string): Buffer {
  const none = int16(0);
  return Buffer.concat([
    message('P', Buffer.from(`\0${sql}\0`), none),
    message('B', Buffer.from('\0\0'), none, none, int16(1), int16(1)),
    message('D', Buffer.from('P\0')),
    message('E', Buffer.from('\0'), int32(0)),
    message('S'),
  ]);
}

function passwordMessage(password: string): Buffer {
  return message('p', Buffer.from(`${password}\0`));
}

function message(type: string, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(type), withLength(Buffer.concat(parts))]);
}

function withLength(body: Buffer): Buffer {
  return Buffer.concat([int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
