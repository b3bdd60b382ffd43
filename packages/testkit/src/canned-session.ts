import type { CannedResult } from './canned-postgres.js';

const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;
const EMPTY = Buffer.alloc(0);

/** One connection of the canned server: "Message Flow" of the PostgreSQL documentation, as far as reading clients need it. */
export class CannedSession {
  readonly #answer: (sql: string) => Promise<CannedResult>;
  readonly #send: (bytes: Buffer) => void;
  #rest: Buffer = EMPTY;
  #startup = true;
  #failed = false;
  #transaction = 'I';
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, string>();
  /** Messages wait for the result that one of them needs. */
  #waiting = false;

  constructor(answer: (sql: string) => Promise<CannedResult>, send: (bytes: Buffer) => void) {
    this.#answer = answer;
    this.#send = send;
  }

  /** False when the connection is over. */
  receive(bytes: Buffer): boolean {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    return this.#waiting || this.#work();
  }

  #work(): boolean {
    let at = 0;
    const all = this.#rest;
    while (!this.#waiting) {
      const header = this.#startup ? 0 : 1;
      if (all.length - at < header + 4) break;
      const end = at + header + all.readUInt32BE(at + header);
      if (end > all.length) break;
      const body = all.subarray(at + header + 4, end);
      const type = String.fromCharCode(all[at] as number);
      at = end;
      this.#rest = all.subarray(at);
      if (this.#startup ? !this.#start(body) : !this.#take(type, body)) return false;
    }
    // A copy, so that a chunk of the socket is not kept for the beginning of one message.
    this.#rest = at === all.length ? EMPTY : Buffer.from(all.subarray(at));
    return true;
  }

  #start(body: Buffer): boolean {
    const code = body.readUInt32BE(0);
    if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
      this.#send(Buffer.from('N'));
      return true;
    }
    if (code >>> 16 !== 3) return false;
    this.#startup = false;
    const parameters = Object.entries(PARAMETERS).map(([name, value]) => message('S', Buffer.from(`${name}\0${value}\0`)));
    this.#send(Buffer.concat([message('R', int32(0)), ...parameters, message('K', int32(1), int32(2)), this.#ready()]));
    return true;
  }

  #take(type: string, body: Buffer): boolean {
    if (type === 'X') return false;
    if (this.#failed && type !== 'S') return true;
    switch (type) {
      case 'Q':
        this.#query(text(body, 0));
        return true;
      case 'P': {
        const name = text(body, 0);
        this.#statements.set(name, text(body, Buffer.byteLength(name) + 1));
        this.#send(message('1'));
        return true;
      }
      case 'B': {
        const portal = text(body, 0);
        this.#portals.set(portal, this.#statements.get(text(body, Buffer.byteLength(portal) + 1)) ?? '');
        this.#send(message('2'));
        return true;
      }
      case 'D':
        return this.#describe(body[0] === 0x53, text(body, 1));
      case 'E':
        this.#result(this.#portals.get(text(body, 0)) ?? '', (result) => rows(result, false));
        return true;
      case 'C':
        (body[0] === 0x53 ? this.#statements : this.#portals).delete(text(body, 1));
        this.#send(message('3'));
        return true;
      case 'S':
        this.#failed = false;
        if (this.#transaction === 'I') this.#portals.clear();
        this.#send(this.#ready());
        return true;
      default:
        return true;
    }
  }

  #describe(isStatement: boolean, name: string): boolean {
    const sql = (isStatement ? this.#statements : this.#portals).get(name) ?? '';
    const types = isStatement ? message('t', int16(0)) : EMPTY;
    this.#result(sql, (result) => Buffer.concat([types, result.columns.length === 0 ? message('n') : description(result)]));
    return true;
  }

  #query(sql: string): void {
    this.#result(
      sql,
      (result) => Buffer.concat([rows(result, true), this.#ready()]),
      () => this.#ready(),
    );
  }

  /** Sends what `show` makes of a text's result; what comes meanwhile waits. */
  #result(sql: string, show: (result: CannedResult) => Buffer, afterError?: () => Buffer): void {
    const verb = /^\s*(begin|start|commit|rollback|end)\b/i.exec(sql)?.[1]?.toLowerCase();
    if (verb !== undefined) {
      this.#transaction = verb === 'begin' || verb === 'start' ? 'T' : 'I';
      this.#send(show({ columns: [], rows: [], tag: verb === 'start' ? 'BEGIN' : verb === 'end' ? 'COMMIT' : verb.toUpperCase() }));
      return;
    }
    this.#waiting = true;
    void this.#answer(sql).then(
      (result) => this.#resume(show(result)),
      () => {
        this.#failed = afterError === undefined;
        this.#resume(Buffer.concat([NO_RESULT, afterError?.() ?? EMPTY]));
      },
    );
  }

  #resume(reply: Buffer): void {
    this.#send(reply);
    this.#waiting = false;
    this.#work();
  }

  #ready(): Buffer {
    return message('Z', Buffer.from(this.#transaction));
  }
}

const PARAMETERS = {
  server_version: '18.4',
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  integer_datetimes: 'on',
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
};

function text(body: Buffer, at: number): string {
  return body.toString('utf8', at, body.indexOf(0, at));
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

const NO_RESULT = message('E', Buffer.from('SERROR\0VERROR\0C0A000\0Mthis server has no result for this text\0\0'));

function description({ columns }: CannedResult): Buffer {
  const fields = columns.flatMap(({ name, typeId }) => [
    Buffer.from(`${name}\0`),
    int32(0),
    int16(0),
    int32(typeId),
    int16(0xffff),
    int32(-1),
    int16(0),
  ]);
  return message('T', int16(columns.length), ...fields);
}

function rows(result: CannedResult, described: boolean): Buffer {
  const lines = result.rows.map((cells) =>
    message(
      'D',
      int16(cells.length),
      ...cells.flatMap((cell) => (cell === null ? [int32(-1)] : [int32(Buffer.byteLength(cell)), Buffer.from(cell)])),
    ),
  );
  const head = described && result.columns.length > 0 ? [description(result)] : [];
  return Buffer.concat([...head, ...lines, message('C', Buffer.from(`${result.tag}\0`))]);
}
