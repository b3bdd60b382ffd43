import net from 'node:net';
import { CAPABILITIES, type Capabilities } from '../protocol/capabilities.js';
import { type ClientCommand, type ExecuteHeader, writeCommand, writeExecute } from '../protocol/client-command.js';
import type { BoundValue } from '../protocol/bound-values.js';
import { writeHandshakeResponse41 } from '../protocol/handshake-response.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket } from '../protocol/packet-writer.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { readErr } from '../protocol/err-packet.js';

const LIMIT_MS = 20_000;

/** What the raw client asks for unless a test says otherwise. */
export const RAW_CAPABILITIES: Capabilities =
  CAPABILITIES.CLIENT_LONG_PASSWORD |
  CAPABILITIES.CLIENT_PROTOCOL_41 |
  CAPABILITIES.CLIENT_SECURE_CONNECTION |
  CAPABILITIES.CLIENT_PLUGIN_AUTH |
  CAPABILITIES.CLIENT_MULTI_RESULTS |
  CAPABILITIES.CLIENT_DEPRECATE_EOF;

/** A client of packets: sends what it is told, gives back what comes. It checks that sequence ids count up from those that it sent. */
export class RawClient {
  readonly capabilities: Capabilities;
  readonly #socket: net.Socket;
  readonly #splitter = new PacketSplitter('server', 64 << 20);
  readonly #packets: Uint8Array[] = [];
  #wake: () => void = () => undefined;
  #error: Error | undefined;
  closed = false;
  #isAhead = false;
  #rest = new Uint8Array(0);

  private constructor(socket: net.Socket, capabilities: Capabilities) {
    this.#socket = socket;
    this.capabilities = capabilities;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    socket.on('data', (bytes: Buffer) => {
      try {
        if (this.#isAhead) this.#cutAhead(bytes);
        else this.#splitter.push(bytes);
        while (!this.#isAhead && this.#splitter.next())
          this.#packets.push(this.#splitter.buffer.slice(this.#splitter.bodyStart, this.#splitter.end));
      } catch (error) {
        this.#error = error as Error;
      }
      this.#wake();
    });
  }

  /** Of the answers to several commands each begins with the sequence id 1. */
  #cutAhead(bytes: Uint8Array): void {
    let all = Buffer.concat([this.#rest, bytes]);
    while (all.length >= 4 && all.length >= 4 + all.readUIntLE(0, 3)) {
      const length = all.readUIntLE(0, 3);
      this.#packets.push(all.subarray(4, 4 + length));
      all = all.subarray(4 + length);
    }
    this.#rest = all;
  }

  /** Logs in with the token by `mysql_clear_password`. */
  static async connect(port: number, capabilities = RAW_CAPABILITIES): Promise<RawClient> {
    const client = await RawClient.dial(port, capabilities);
    const [answer] = await client.take(1);
    if (answer?.[0] !== 0) throw new Error('the login failed');
    return client;
  }

  /** As {@link connect}, up to the answer. */
  static async dial(port: number, capabilities: Capabilities, database?: string): Promise<RawClient> {
    const client = new RawClient(net.connect(port, '127.0.0.1'), capabilities);
    await client.take(1);
    const response = {
      kind: 'HandshakeResponse41',
      capabilities: (database === undefined ? capabilities : capabilities | CAPABILITIES.CLIENT_CONNECT_WITH_DB) >>> 0,
      mariadbCapabilities: 0,
      maxPacketSize: 1 << 24,
      collation: 45,
      user: 'alice',
      authResponse: new TextEncoder().encode('good-token\0'),
      database,
      authPlugin: 'mysql_clear_password',
      attributes: [],
      zstdLevel: undefined,
    } as const;
    client.raw(
      encodePacket(1, (writer) => writeHandshakeResponse41(writer, response)),
      2,
    );
    return client;
  }

  /** Sends bytes as they are; the next packet that comes must have `sequenceId`. */
  raw(bytes: Uint8Array, sequenceId = 1): void {
    this.#splitter.expected = sequenceId;
    this.#socket.write(bytes);
  }

  /** Sends packets of which each is a command, before any is answered. */
  sendAhead(packets: readonly Uint8Array[]): void {
    this.#isAhead = true;
    this.raw(Buffer.concat(packets));
  }

  send(command: Exclude<ClientCommand, { kind: 'COM_STMT_EXECUTE' | 'other' }>): void {
    this.raw(encodePacket(0, (writer) => writeCommand(writer, command, this.capabilities)));
  }

  execute(header: Omit<ExecuteHeader, 'iterations'>, values: readonly BoundValue[]): void {
    const context = { capabilities: this.capabilities, parameters: values.length };
    this.raw(encodePacket(0, (writer) => writeExecute(writer, { ...header, iterations: 1 }, values, context)));
  }

  /** The payloads of the next `count` packets. */
  async take(count: number): Promise<readonly Uint8Array[]> {
    while (this.#packets.length < count) {
      if (this.#error !== undefined) throw this.#error;
      if (this.closed) throw new Error(`the connection was closed after ${this.#packets.length} of ${count} packets`);
      await this.#more(count);
    }
    return this.#packets.splice(0, count);
  }

  async #more(count: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      const missing = (): Error => new Error(`only ${this.#packets.length} of ${count} packets came`);
      timer = setTimeout(() => reject(missing()), LIMIT_MS);
    });
    clearTimeout(timer);
  }

  /** The error that comes next. */
  async error(): Promise<{ readonly code: number; readonly message: string }> {
    const [packet] = await this.take(1);
    return readErr(new PayloadReader(packet ?? new Uint8Array(0)));
  }

  /** Nothing more has come. */
  get isQuiet(): boolean {
    return this.#packets.length === 0;
  }

  close(): void {
    this.#socket.destroy();
  }
}
