import { MASKED_CANARY, REFUSED_CANARY } from '../server-frames.js';
import { type ModelStatement, readModelText } from '../model-text.js';
import { type Command, type Known, readCommand } from './client-packets.js';
import { type Packet, PacketStream } from './packets.js';
import * as reply from './server-packets.js';

/** What the server does, for whoever checks whether it may. */
export interface ServerWitness {
  sends(packet: Buffer): void;
  /** Every command, after the login. `statement`: the text of the prepared statement that it names. */
  takes(packet: Packet, command: Command, statement: string | undefined): void;
  /** Bytes that no server would accept. */
  rejects(what: string): void;
}

interface Prepared extends Known {
  readonly text: string;
  types: readonly number[] | undefined;
  readonly longData: Map<number, Buffer>;
  /** Rows of an open cursor that were not fetched. */
  cursor: number;
}

const PROBE_ROW = ['9.7.4', 'crm', 'gateway@%', null, 'STRICT_TRANS_TABLES', 'utf8mb4', '0'];
const CURSOR_TYPE_READ_ONLY = 1;
/** The rows that a cursor gives when it is opened are none; what is fetched at once is limited by the client. */
const ER_PARSE = 1064;
const ER_UNKNOWN_STATEMENT = 1243;

/**
 * A MySQL server as its clients see it ("Command Phase"): text and binary results, several results of one text, prepared statements with cursors and
 * long data. What a statement does is said by {@link readModelText}; the first text that it is asked is the gateway's probe.
 */
export class ModelServer {
  readonly #witness: ServerWitness;
  readonly #variant: number;
  /** It says more than it was asked for. */
  readonly #babbles: boolean;
  readonly #stream = new PacketStream();
  readonly #statements = new Map<number, Prepared>();
  #loggedIn = false;
  #inTransaction = false;
  #probe: string | undefined;
  #sequenceId = 0;
  #lastId = 0;

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
    return this.#stream.rest;
  }

  greet(): void {
    this.#witness.sends(reply.handshake());
  }

  receive(bytes: Uint8Array): void {
    for (const packet of this.#stream.push(bytes)) this.#take(packet);
  }

  #take(packet: Packet): void {
    this.#sequenceId = packet.sequenceId + 1;
    if (!this.#loggedIn) {
      this.#loggedIn = true;
      return this.#send(reply.ok(this.#sequenceId, this.#variant, { status: this.#status }));
    }
    if (packet.sequenceId !== 0) return this.#witness.rejects(`a command with the sequence id ${packet.sequenceId}`);
    const command = readCommand(packet, this.#variant, (id) => this.#statements.get(id));
    if (command === undefined) return this.#witness.rejects(`a command 0x${packet.body.toString('hex', 0, 24)} that cannot be read`);
    const statement = 'id' in command ? this.#statements.get(command.id)?.text : undefined;
    if (command.kind === 'query') this.#probe ??= command.text.toString();
    this.#witness.takes(packet, command, statement);
    this.#handle(command);
    if (this.#babbles && this.#sequenceId > 1) this.#babble();
  }

  get #status(): number {
    return reply.STATUS.autocommit | (this.#inTransaction ? reply.STATUS.inTransaction : 0);
  }

  #send(packet: Buffer): void {
    this.#sequenceId += 1;
    this.#witness.sends(packet);
  }

  #babble(): void {
    this.#send(reply.columnCount(this.#sequenceId, 1));
    this.#send(reply.column(this.#sequenceId, REFUSED_CANARY));
    this.#send(reply.end(this.#sequenceId, this.#variant, this.#status));
    this.#send(reply.textRow(this.#sequenceId, [REFUSED_CANARY]));
    this.#send(reply.end(this.#sequenceId, this.#variant, this.#status));
  }

  #handle(command: Command): void {
    switch (command.kind) {
      case 'query':
        return this.#query(command.text.toString());
      case 'prepare':
        return this.#prepare(command.text.toString());
      case 'execute':
        return this.#execute(command);
      case 'fetch':
        return this.#fetch(command);
      case 'long-data':
        return this.#longData(command);
      case 'close':
        this.#statements.delete(command.id);
        return undefined;
      case 'reset':
        return this.#reset(command.id);
      case 'field-list':
        for (const name of reply.COLUMN_NAMES) this.#send(reply.column(this.#sequenceId, name, true));
        return this.#send(reply.end(this.#sequenceId, this.#variant, this.#status));
      case 'statistics':
        return this.#send(reply.statistics(this.#sequenceId));
      case 'init-db':
        return this.#complete({ schema: command.text.toString() });
      case 'set-option':
        return this.#send(reply.end(this.#sequenceId, this.#variant, this.#status));
      case 'ping':
        return this.#complete({});
      case 'reset-connection':
        this.#statements.clear();
        this.#inTransaction = false;
        return this.#complete({});
      case 'quit':
        return undefined;
    }
  }

  #complete(completion: Omit<reply.Completion, 'status'>, more = 0): void {
    this.#send(reply.ok(this.#sequenceId, this.#variant, { status: this.#status | more, ...completion }));
  }

  #fails(code: number, state: string, message: string): void {
    this.#send(reply.err(this.#sequenceId, code, state, message));
  }

  // ---- texts ----

  #query(text: string): void {
    if (text === this.#probe) return this.#probed(text);
    if (text === 'START TRANSACTION' || text === 'COMMIT' || text === 'ROLLBACK') return this.#transaction(text === 'START TRANSACTION', 0);
    const unit = readModelText(text);
    if (unit.broken) return this.#fails(ER_PARSE, '42000', 'You have an error in your SQL syntax');
    if (unit.statements.length === 0) return this.#fails(1065, '42000', 'Query was empty');
    for (const [index, statement] of unit.statements.entries())
      if (!this.#runs(statement, index + 1 < unit.statements.length ? reply.STATUS.moreResults : 0, false)) return;
  }

  #probed(text: string): void {
    const columns = text.split('CAST(').length - 1;
    const row = Array.from({ length: columns }, (_, at) => PROBE_ROW[at] ?? null);
    this.#header(row.map((_, at) => `c${at}`));
    this.#send(reply.textRow(this.#sequenceId, row));
    this.#send(reply.end(this.#sequenceId, this.#variant, this.#status));
  }

  /** Runs one statement to its end. False when it failed, or nothing can come after it. */
  #runs(statement: ModelStatement, more: number, isBinary: boolean): boolean {
    const { verb, count } = statement;
    switch (verb) {
      case 'select':
        this.#header(reply.COLUMN_NAMES);
        this.#rows(statement, count, isBinary);
        this.#send(reply.end(this.#sequenceId, this.#variant, this.#status | more));
        return true;
      case 'insert':
        this.#complete({ affected: count, info: statement.clean ? `${MASKED_CANARY} in the words of an OK` : 'Records: 1' }, more);
        return true;
      case 'set':
        this.#complete({ schema: 'crm' }, more);
        return true;
      case 'begin':
      case 'commit':
      case 'rollback':
        this.#transaction(verb === 'begin', more);
        return true;
      case 'copy-in':
        this.#send(reply.localInfile(this.#sequenceId));
        return false;
      default:
        this.#fails(1365, '22012', statement.clean ? `Duplicate entry '${MASKED_CANARY}' for key` : 'Division by 0');
        return false;
    }
  }

  #transaction(begins: boolean, more: number): void {
    this.#inTransaction = begins;
    this.#complete({}, more);
  }

  #header(names: readonly string[]): void {
    this.#send(reply.columnCount(this.#sequenceId, names.length));
    for (const name of names) this.#send(reply.column(this.#sequenceId, name));
    if ((this.#variant & 1) === 0) this.#send(reply.end(this.#sequenceId, this.#variant, this.#status));
  }

  #rows(statement: ModelStatement, count: number, isBinary: boolean): void {
    const text = statement.masked ? MASKED_CANARY : 'a value';
    const cells = [text, statement.count % 2 === 0 ? null : text];
    for (let row = 0; row < count; row += 1)
      this.#send(isBinary ? reply.binaryRow(this.#sequenceId, cells) : reply.textRow(this.#sequenceId, cells));
  }

  // ---- prepared statements ----

  #prepare(text: string): void {
    const unit = readModelText(text);
    const [statement] = unit.statements;
    if (unit.broken || statement === undefined || unit.statements.length > 1) return this.#fails(ER_PARSE, '42000', 'syntax');
    const parameters = Math.min(text.split('?').length - 1, 8);
    const columns = statement.verb === 'select' ? reply.COLUMN_NAMES : [];
    this.#lastId += 1;
    this.#statements.set(this.#lastId, { text, parameters, types: undefined, longData: new Map(), cursor: 0 });
    this.#send(reply.prepareOk(this.#sequenceId, this.#lastId, columns.length, parameters));
    this.#definitions(Array.from({ length: parameters }, () => '?'));
    this.#definitions(columns);
  }

  #definitions(names: readonly string[]): void {
    for (const name of names) this.#send(reply.column(this.#sequenceId, name));
    if (names.length > 0 && (this.#variant & 1) === 0) this.#send(reply.end(this.#sequenceId, this.#variant, this.#status));
  }

  #execute({ id, flags, types }: Extract<Command, { kind: 'execute' }>): void {
    const prepared = this.#statements.get(id) as Prepared;
    prepared.types = types;
    prepared.longData.clear();
    const [statement] = readModelText(prepared.text).statements;
    if (statement === undefined) return this.#fails(1065, '42000', 'Query was empty');
    prepared.cursor = 0;
    if (statement.verb !== 'select' || (flags & CURSOR_TYPE_READ_ONLY) === 0) return void this.#runs(statement, 0, true);
    prepared.cursor = statement.count;
    this.#send(reply.columnCount(this.#sequenceId, reply.COLUMN_NAMES.length));
    for (const name of reply.COLUMN_NAMES) this.#send(reply.column(this.#sequenceId, name));
    this.#send(reply.end(this.#sequenceId, this.#variant, this.#status | reply.STATUS.cursor));
  }

  #fetch({ id, rows }: Extract<Command, { kind: 'fetch' }>): void {
    const prepared = this.#statements.get(id);
    const [statement] = readModelText(prepared?.text ?? '').statements;
    if (prepared === undefined || statement === undefined) return this.#fails(ER_UNKNOWN_STATEMENT, 'HY000', 'unknown statement');
    const now = Math.min(rows, prepared.cursor);
    this.#rows(statement, now, true);
    prepared.cursor -= now;
    const end = prepared.cursor === 0 ? reply.STATUS.lastRow : 0;
    this.#send(reply.end(this.#sequenceId, this.#variant, this.#status | reply.STATUS.cursor | end));
  }

  #longData({ id, parameter, data }: Extract<Command, { kind: 'long-data' }>): void {
    const prepared = this.#statements.get(id);
    prepared?.longData.set(parameter, Buffer.concat([prepared.longData.get(parameter) ?? Buffer.alloc(0), data]));
  }

  #reset(id: number): void {
    const prepared = this.#statements.get(id);
    if (prepared === undefined) return this.#fails(ER_UNKNOWN_STATEMENT, 'HY000', 'unknown statement');
    prepared.longData.clear();
    prepared.cursor = 0;
    this.#complete({});
  }
}
