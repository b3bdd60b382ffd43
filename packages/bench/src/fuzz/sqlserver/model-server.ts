import { type ModelStatement, readModelText } from '../model-text.js';
import { MASKED_CANARY, REFUSED_CANARY } from '../server-frames.js';
import { type Packet, PacketStream, TYPE } from './packets.js';
import * as give from './replies.js';
import { type Call, PROCEDURES, readRequest, type Request } from './requests.js';

/** What the server does, for whoever checks whether it may. */
export interface ServerWitness {
  sends(packet: Buffer): void;
  /** Every request, after the login. `statement`: the text that a handle or cursor stands for, by the call that names it. */
  takes(request: Request, statement: (call: Call) => string | undefined): void;
  /** Bytes that no server would accept. */
  rejects(what: string): void;
}

const PROBE_ROW = ['crm', 'dbo', 'gateway', '1', 'Latin1_General_CI_AS', 'Latin1_General_CI_AS', 'Latin1_General_CI_AS'];

/**
 * A SQL Server as its clients see it: batches of several statements, prepared statements, cursors, transactions. What a statement does is said by {@link readModelText}; the
 * first text that it is asked is the gateway's probe.
 */
export class ModelServer {
  readonly #witness: ServerWitness;
  readonly #variant: number;
  /** It says more than it was asked for. */
  readonly #babbles: boolean;
  readonly #stream = new PacketStream();
  readonly #statements = new Map<number, string>();
  readonly #cursors = new Map<number, { readonly text: string; left: number }>();
  #bodies: Buffer[] = [];
  #phase: 'prelogin' | 'login' | 'requests' = 'prelogin';
  #probe: string | undefined;
  #last = 0;
  #descriptor = 0;
  #isOpen = false;

  constructor(witness: ServerWitness, variant: number, babbles: boolean) {
    this.#witness = witness;
    this.#variant = variant;
    this.#babbles = babbles;
  }

  /** The text that asks for the session's state: the first one that is asked. */
  get probe(): string | undefined {
    return this.#probe;
  }

  get restBytes(): number {
    return this.#stream.rest + this.#bodies.length;
  }

  receive(bytes: Uint8Array): void {
    for (const packet of this.#stream.push(bytes)) this.#packet(packet);
  }

  #packet(packet: Packet): void {
    this.#bodies.push(packet.body);
    if ((packet.status & 1) === 0) return;
    const body = Buffer.concat(this.#bodies);
    this.#bodies = [];
    if (packet.type === TYPE.attention) return this.#send(give.reply(give.done(this.#variant, give.DONE.attention)));
    this.#message(packet.type, body);
  }

  #message(type: number, body: Buffer): void {
    if (this.#phase === 'prelogin') {
      this.#phase = 'login';
      return this.#send([give.prelogin()]);
    }
    if (this.#phase === 'login') {
      this.#phase = 'requests';
      return this.#send(give.loginReply(this.#variant));
    }
    const request = readRequest(type, body, this.#variant);
    if (request === undefined)
      return this.#witness.rejects(`a message 0x${body.toString('hex', 0, 40)} of type ${type} that cannot be read`);
    if (request === 'unjudged') return this.#send(give.reply(give.done(this.#variant, give.DONE.final, 0, 0xfe)));
    if (request.kind === 'batch') this.#probe ??= request.text;
    this.#witness.takes(request, (call) => this.#statementOf(call));
    const tokens = this.#tokens(request);
    this.#send(give.reply(...(this.#babbles ? [...tokens.slice(0, -1), this.#babble(), ...tokens.slice(-1)] : tokens)));
    if (this.#babbles) this.#send(give.reply(this.#babble(), give.done(this.#variant, give.DONE.final)));
  }

  #send(packets: readonly Buffer[]): void {
    for (const packet of packets) this.#witness.sends(packet);
  }

  #babble(): Buffer {
    return Buffer.concat([
      give.columns(this.#variant),
      give.row(this.#variant, [REFUSED_CANARY, REFUSED_CANARY]),
      give.done(this.#variant, give.DONE.more),
    ]);
  }

  #statementOf({ procedure, values }: Call): string | undefined {
    const handle = numberIn(values[0]?.bytes);
    return procedure === PROCEDURES.cursorfetch || procedure === PROCEDURES.cursorclose
      ? this.#cursors.get(handle)?.text
      : this.#statements.get(handle);
  }

  #tokens(request: Request): Buffer[] {
    switch (request.kind) {
      case 'batch':
        return this.#batch(request.text);
      case 'rpc':
        return request.calls.flatMap((call, at) => this.#call(call, at + 1 < request.calls.length));
      case 'transaction':
        return this.#transaction(request.request);
      case 'bulk':
        return [give.done(this.#variant, give.DONE.count, 1)];
    }
  }

  #batch(text: string): Buffer[] {
    if (text === this.#probe) return this.#probed(text);
    if (text === 'SELECT @@TRANCOUNT') return this.#transactionCount();
    // Statements of the gateway's own about transactions.
    if (/^(?:IF |COMMIT TRANSACTION|ROLLBACK TRANSACTION)/.test(text)) return this.#ownTransaction(text);
    return this.#run(text, 0xfd, give.DONE.final);
  }

  #transactionCount(): Buffer[] {
    return [
      give.columns(this.#variant, ['']),
      give.row(this.#variant, [this.#isOpen ? '1' : '0']),
      give.done(this.#variant, give.DONE.count, 1),
    ];
  }

  #ownTransaction(text: string): Buffer[] {
    if (!text.endsWith('; SELECT @@TRANCOUNT')) return [give.done(this.#variant, give.DONE.final)];
    const change = text.includes('BEGIN') ? this.#begin() : this.#isOpen ? this.#end(text.startsWith('COMMIT')) : [];
    return [...change, give.done(this.#variant, give.DONE.more), ...this.#transactionCount()];
  }

  #begin(): Buffer[] {
    this.#descriptor += 1;
    this.#isOpen = true;
    return [give.envBytes(8, [this.#descriptor & 0xff, 0, 0, 0, 0, 0, 0, 1], [])];
  }

  #end(isCommit: boolean): Buffer[] {
    this.#isOpen = false;
    return [give.envBytes(isCommit ? 9 : 10, [], [this.#descriptor & 0xff, 0, 0, 0, 0, 0, 0, 1])];
  }

  #probed(text: string): Buffer[] {
    const row = Array.from({ length: text.split('CONVERT(').length - 1 }, (_, at) => PROBE_ROW[at] ?? null);
    const names = row.map((_, at) => `c${at}`);
    return [give.columns(this.#variant, names), give.row(this.#variant, row), give.done(this.#variant, give.DONE.count, 1)];
  }

  /** The tokens of a text; those of its last statement end with `last`. */
  #run(text: string, type: 0xfd | 0xff, last: number): Buffer[] {
    const unit = readModelText(text);
    if (unit.broken)
      return [give.failure(this.#variant, 102, 'Incorrect syntax'), give.done(this.#variant, give.DONE.error | last, 0, type)];
    if (unit.statements.length === 0) return [give.done(this.#variant, last, 0, type)];
    return unit.statements.flatMap((statement, at) =>
      this.#statement(statement, type, at + 1 < unit.statements.length ? give.DONE.more : last),
    );
  }

  #statement(statement: ModelStatement, type: 0xfd | 0xff, more: number): Buffer[] {
    const { verb, count, clean } = statement;
    const variant = this.#variant;
    switch (verb) {
      case 'select':
        return [...this.#rows(statement, count), give.done(variant, give.DONE.count | more, count, type)];
      case 'insert':
        return [
          ...(clean ? [give.failure(variant, 50_000, `${MASKED_CANARY} in the words of an INFO`, 0xab)] : []),
          give.done(variant, give.DONE.count | more, count, type),
        ];
      case 'begin':
        return [...this.#begin(), give.done(variant, more, 0, type)];
      case 'commit':
      case 'rollback':
        return [...this.#end(verb === 'commit'), give.done(variant, more, 0, type)];
      case 'copy-in':
        return [give.done(variant, more, 0, type)];
      case 'set':
        return [give.envText(1, 'crm', 'crm'), give.done(variant, more, 0, type)];
      default:
        return [
          give.failure(variant, clean ? 2627 : 8134, clean ? `Violation: ${MASKED_CANARY}` : 'Divide by zero'),
          give.done(variant, give.DONE.error | more, 0, type),
        ];
    }
  }

  #rows(statement: ModelStatement, count: number): Buffer[] {
    const text = statement.masked ? MASKED_CANARY : 'a value';
    const isLong = count % 3 === 0;
    const cells = [text, count % 2 === 0 ? null : text];
    const row = (at: number): Buffer => (at % 2 === 0 ? give.row : give.nullRow)(this.#variant, cells, isLong);
    return [
      give.columns(this.#variant, give.COLUMN_NAMES, isLong),
      ...(count === 4 ? [give.order()] : []),
      ...Array.from({ length: count }, (_, at) => row(at)),
    ];
  }

  #transaction(request: number): Buffer[] {
    const change = request === 5 ? this.#begin() : request === 7 || request === 8 ? this.#end(request === 7) : [];
    return [...change, give.done(this.#variant, give.DONE.final)];
  }

  // ---- calls ----

  #call(call: Call, more: boolean): Buffer[] {
    const tokens = this.#called(call);
    return [
      ...tokens,
      give.returnStatus(0),
      ...this.#outputs(call),
      give.done(this.#variant, more ? give.DONE.more | give.DONE.rpcInBatch : give.DONE.final, 0, 0xfe),
    ];
  }

  #called({ procedure, values }: Call): Buffer[] {
    const text = (at: number): string => values[at]?.bytes?.toString('utf16le') ?? '';
    const handle = numberIn(values[0]?.bytes);
    const run = (statement: string | undefined): Buffer[] => (statement === undefined ? [] : this.#run(statement, 0xff, give.DONE.more));
    switch (procedure) {
      case PROCEDURES.executesql:
        return run(text(0));
      case PROCEDURES.prepare:
        this.#statements.set(this.#last + 1, text(2));
        return [];
      case PROCEDURES.prepexec:
        this.#statements.set(this.#last + 1, text(2));
        return run(text(2));
      case PROCEDURES.execute:
        return run(this.#statements.get(handle));
      case PROCEDURES.unprepare:
        this.#statements.delete(handle);
        return [];
      case PROCEDURES.cursoropen:
        return this.#cursor(text(1));
      case PROCEDURES.cursorfetch:
        return this.#fetch(handle);
      case PROCEDURES.cursorclose:
        this.#cursors.delete(handle);
        return [];
      default:
        return [];
    }
  }

  #outputs({ procedure }: Call): Buffer[] {
    const opens = procedure === PROCEDURES.prepare || procedure === PROCEDURES.prepexec || procedure === PROCEDURES.cursoropen;
    if (!opens) return [];
    this.#last += 1;
    return [give.returnValue(this.#variant, 0, this.#last)];
  }

  #cursor(text: string): Buffer[] {
    const [statement] = readModelText(text).statements;
    this.#cursors.set(this.#last + 1, { text, left: statement?.verb === 'select' ? statement.count : 0 });
    const isLong = (statement?.count ?? 0) % 3 === 0;
    return [
      give.columns(this.#variant, give.COLUMN_NAMES, isLong),
      give.tableName(),
      give.columnInfo(),
      give.done(this.#variant, give.DONE.more, 0, 0xff),
    ];
  }

  #fetch(handle: number): Buffer[] {
    const cursor = this.#cursors.get(handle);
    const [statement] = readModelText(cursor?.text ?? '').statements;
    if (cursor === undefined || statement === undefined) return [];
    const isLong = statement.count % 3 === 0;
    const names = [...give.COLUMN_NAMES, 'ROWSTAT'];
    const count = Math.min(cursor.left, 3);
    cursor.left -= count;
    const cells = [statement.masked ? MASKED_CANARY : 'a value', null, '1'];
    const rows = Array.from({ length: count }, () => give.row(this.#variant, cells, isLong));
    return [give.columns(this.#variant, names, isLong), ...rows, give.done(this.#variant, give.DONE.more | give.DONE.count, count, 0xff)];
  }
}

function numberIn(bytes: Buffer | null | undefined): number {
  return bytes?.length === 4 ? bytes.readInt32LE(0) : 0;
}
