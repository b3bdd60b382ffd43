import { type ClientFrame, readClientFrame } from './client-frames.js';
import { type Frame, FrameStream } from './frames.js';
import { type ModelStatement, readModelText } from './model-text.js';
import * as reply from './server-frames.js';

/** What the server does, for whoever checks whether it may. */
export interface ServerWitness {
  /** Frames that the server sends; `refused`: in answer to a message that stands for a refused one. */
  sends(frame: Buffer, refused: boolean): void;
  binds(statement: string, text: string, values: readonly (Buffer | null)[]): void;
  executes(portal: string, text: string, values: readonly (Buffer | null)[]): void;
  /** Data of a COPY from the client. */
  takesCopyData(): void;
  /** Every frame, after the login. */
  takes(frame: Frame, message: ClientFrame): void;
  /** Bytes that no server would accept. */
  rejects(what: string): void;
  closes(): void;
}

interface Portal {
  readonly text: string;
  readonly values: readonly (Buffer | null)[];
  sent: number;
}

/** A COPY from the client, and the statements of its Query that come after it. */
interface CopyIn {
  readonly extended: boolean;
  readonly rest: readonly ModelStatement[];
}

const REFUSED = 'sqlwarden: refused ';
const NAMES_TEXT = /pg_catalog\.pg_prepared_statements/;
const PROBE_ROW = ['crm', 'gateway', '["public"]', 'on', 'safe_encoding', 'UTF8', 'public', '[null,null,null]'];

/**
 * A PostgreSQL server as its clients see it ("Message Flow" of the documentation): simple and extended protocol, skipping up to Sync, portals
 * with row limits, transactions, COPY both ways. What a statement does is said by {@link readModelText}.
 */
export class ModelServer {
  readonly #witness: ServerWitness;
  readonly #stream = new FrameStream(true);
  readonly #statements = new Map<string, { readonly text: string; readonly types: readonly number[] }>();
  readonly #portals = new Map<string, Portal>();
  #loggedIn = false;
  #status: reply.Status = 'I';
  #skipping = false;
  #copy: CopyIn | undefined;
  #closed = false;
  #refused = false;
  /** The text that asks for the session's state: the first one that the gateway prepares. */
  #probe: string | undefined;

  constructor(witness: ServerWitness) {
    this.#witness = witness;
  }

  get inCopy(): boolean {
    return this.#copy !== undefined;
  }

  get restBytes(): number {
    return this.#stream.rest;
  }

  receive(bytes: Uint8Array): void {
    const frames = this.#stream.push(bytes);
    for (const frame of frames) if (!this.#closed) this.#take(frame);
    if (this.#stream.broken) this.#witness.rejects('a frame with an impossible length');
  }

  #take(frame: Frame): void {
    if (!this.#loggedIn) return this.#login();
    const message = readClientFrame(frame);
    if (message === undefined) return this.#witness.rejects(`a frame of type ${JSON.stringify(frame.type)} that cannot be read`);
    this.#witness.takes(frame, message);
    this.#refused = false;
    if (message.kind === 'terminate') {
      this.#closed = true;
      return;
    }
    if (this.#copy !== undefined) return this.#duringCopy(message, this.#copy);
    if (this.#skipping && message.kind !== 'sync') return;
    this.#handle(message);
  }

  #login(): void {
    this.#loggedIn = true;
    this.#send(reply.authenticationOk());
    for (const [name, value] of [
      ['server_version', '18.4'],
      ['client_encoding', 'UTF8'],
      ['standard_conforming_strings', 'on'],
    ] as const)
      this.#send(reply.parameterStatus(name, value));
    this.#send(reply.keyData());
    this.#send(reply.ready('I'));
  }

  #handle(message: ClientFrame): void {
    switch (message.kind) {
      case 'query':
        return this.#query(message.text);
      case 'parse':
        return this.#parse(message);
      case 'bind':
        return this.#bind(message);
      case 'execute':
        return this.#execute(message);
      case 'describe':
        return this.#describe(message.target, message.name);
      case 'close':
        (message.target === 'S' ? this.#statements : this.#portals).delete(message.name);
        return this.#send(reply.closeComplete());
      case 'sync':
        this.#skipping = false;
        if (this.#status === 'I') this.#portals.clear();
        return this.#send(reply.ready(this.#status));
      case 'flush':
      case 'copy-data':
      case 'copy-done':
      case 'copy-fail':
      case 'terminate':
        return undefined;
    }
  }

  #send(frame: Buffer): void {
    this.#witness.sends(frame, this.#refused);
  }

  // ---- simple protocol ----

  #query(text: string): void {
    this.#refused = text.startsWith(REFUSED);
    this.#portals.delete('');
    const unit = readModelText(text);
    if (unit.broken) this.#fails('42601', 'syntax error');
    else if (unit.statements.length === 0) this.#send(reply.emptyQuery());
    else return this.#statementsOf(unit.statements);
    this.#send(reply.ready(this.#status));
  }

  #statementsOf(statements: readonly ModelStatement[]): void {
    for (const [index, statement] of statements.entries()) {
      if (statement.verb === 'copy-in' && this.#status !== 'E') {
        this.#copy = { extended: false, rest: statements.slice(index + 1) };
        return this.#send(reply.copyInResponse());
      }
      if (!this.#runs(statement, true)) break;
    }
    this.#send(reply.ready(this.#status));
  }

  /** Runs one statement to its end. False when it failed. */
  #runs(statement: ModelStatement, described: boolean): boolean {
    const { verb, count } = statement;
    if (this.#status === 'E' && verb !== 'commit' && verb !== 'rollback') {
      this.#fails('25P02', 'current transaction is aborted');
      return false;
    }
    switch (verb) {
      case 'select':
        if (described) this.#send(reply.rowDescription(0));
        for (let row = 0; row < count; row += 1) this.#send(rowOf(statement));
        this.#send(reply.complete(`SELECT ${count}`));
        return true;
      case 'insert':
        if (statement.clean) this.#send(reply.noticeResponse(`${reply.MASKED_CANARY} in a notice`));
        this.#send(reply.complete(`INSERT 0 ${count}`));
        return true;
      case 'copy-out':
        this.#send(reply.copyOutResponse());
        for (let row = 0; row < count; row += 1) this.#send(reply.copyData(`${textOf(statement)}\t${textOf(statement)}\n`));
        this.#send(reply.copyDone());
        this.#send(reply.complete(`COPY ${count}`));
        return true;
      case 'set':
        this.#send(reply.parameterStatus('search_path', 'public'));
        this.#send(reply.complete('SET'));
        return true;
      case 'begin':
      case 'commit':
      case 'rollback':
        return this.#transaction(verb);
      default:
        this.#fails('22012', statement.clean ? `${reply.MASKED_CANARY} by zero` : 'division by zero');
        return false;
    }
  }

  #transaction(verb: 'begin' | 'commit' | 'rollback'): boolean {
    const failed = this.#status === 'E';
    this.#status = verb === 'begin' ? 'T' : 'I';
    this.#send(reply.complete(verb === 'commit' && !failed ? 'COMMIT' : verb === 'begin' ? 'BEGIN' : 'ROLLBACK'));
    if (verb !== 'begin') this.#portals.clear();
    return true;
  }

  #fails(code: string, message: string): void {
    this.#send(reply.errorResponse(code, message));
    if (this.#status === 'T') this.#status = 'E';
  }

  // ---- extended protocol ----

  #failsUpToSync(code: string, message: string): void {
    this.#fails(code, message);
    this.#skipping = true;
  }

  #parse({ name, text, types }: Extract<ClientFrame, { kind: 'parse' }>): void {
    this.#refused = text.startsWith(REFUSED);
    this.#probe ??= text;
    if (text !== this.#probe && !NAMES_TEXT.test(text)) {
      const unit = readModelText(text);
      if (unit.broken || unit.statements.length > 1) return this.#failsUpToSync('42601', 'syntax error');
      if (this.#status === 'E' && !endsTransaction(text)) return this.#failsUpToSync('25P02', 'current transaction is aborted');
    } else if (this.#status === 'E') return this.#failsUpToSync('25P02', 'current transaction is aborted');
    if (name !== '' && this.#statements.has(name)) return this.#failsUpToSync('42P05', 'prepared statement already exists');
    this.#statements.set(name, { text, types });
    this.#send(reply.parseComplete());
  }

  #bind({ portal, statement, values }: Extract<ClientFrame, { kind: 'bind' }>): void {
    const prepared = this.#statements.get(statement);
    if (prepared === undefined) return this.#failsUpToSync('26000', 'prepared statement does not exist');
    if (prepared.text !== this.#probe) this.#witness.binds(statement, prepared.text, values);
    if (this.#status === 'E' && !endsTransaction(prepared.text)) return this.#failsUpToSync('25P02', 'current transaction is aborted');
    if (portal !== '' && this.#portals.has(portal)) return this.#failsUpToSync('42P03', 'portal already exists');
    this.#portals.set(portal, { text: prepared.text, values, sent: 0 });
    this.#send(reply.bindComplete());
  }

  #describe(target: 'S' | 'P', name: string): void {
    const statement = target === 'S' ? this.#statements.get(name) : this.#portals.get(name);
    if (statement === undefined)
      return this.#failsUpToSync(target === 'S' ? '26000' : '34000', target === 'S' ? 'no such statement' : 'no such portal');
    if (target === 'S') this.#send(reply.parameterDescription(this.#statements.get(name)?.types ?? []));
    const [first] = readModelText(statement.text).statements;
    if (first?.verb === 'select') this.#send(reply.rowDescription(0));
    else this.#send(reply.noData());
  }

  #execute({ portal: name, maxRows }: Extract<ClientFrame, { kind: 'execute' }>): void {
    const portal = this.#portals.get(name);
    if (portal === undefined) return this.#failsUpToSync('34000', 'portal does not exist');
    if (portal.text === this.#probe) {
      this.#send(reply.dataRow(PROBE_ROW));
      return this.#send(reply.complete('SELECT 1'));
    }
    if (NAMES_TEXT.test(portal.text)) return this.#names();
    this.#witness.executes(name, portal.text, portal.values);
    const [statement] = readModelText(portal.text).statements;
    if (statement === undefined) return this.#send(reply.emptyQuery());
    if (this.#status === 'E' && !endsTransaction(portal.text)) return this.#failsUpToSync('25P02', 'current transaction is aborted');
    if (statement.verb === 'select') return this.#rows(portal, statement, maxRows);
    if (statement.verb === 'copy-in') {
      this.#copy = { extended: true, rest: [] };
      return this.#send(reply.copyInResponse());
    }
    if (!this.#runs(statement, false)) this.#skipping = true;
  }

  #names(): void {
    for (const statement of this.#statements.keys()) if (statement !== '') this.#send(reply.dataRow([statement]));
    this.#send(reply.complete(`SELECT ${this.#statements.size}`));
  }

  #rows(portal: Portal, statement: ModelStatement, maxRows: number): void {
    const left = statement.count - portal.sent;
    const now = maxRows > 0 ? Math.min(maxRows, left) : left;
    for (let row = 0; row < now; row += 1) this.#send(rowOf(statement));
    portal.sent += now;
    // A limit that is reached suspends the portal, whether or not there are rows left.
    this.#send(maxRows > 0 && now === maxRows ? reply.suspended() : reply.complete(`SELECT ${now}`));
  }

  // ---- COPY from the client ----

  #duringCopy(message: ClientFrame, copy: CopyIn): void {
    switch (message.kind) {
      case 'copy-data':
        return this.#witness.takesCopyData();
      case 'sync':
      case 'flush':
        return undefined;
      case 'copy-done':
        this.#copy = undefined;
        this.#send(reply.complete('COPY 1'));
        if (!copy.extended) this.#statementsOf(copy.rest);
        return undefined;
      case 'copy-fail':
        this.#copy = undefined;
        this.#fails('57014', 'COPY from stdin failed');
        if (copy.extended) this.#skipping = true;
        else this.#send(reply.ready(this.#status));
        return undefined;
      default:
        this.#send(reply.errorResponse('08P01', 'unexpected message type during COPY from stdin', 'FATAL'));
        this.#closed = true;
        return this.#witness.closes();
    }
  }
}

function endsTransaction(text: string): boolean {
  const verb = readModelText(text).statements[0]?.verb;
  return verb === 'commit' || verb === 'rollback';
}

function textOf(statement: ModelStatement): string {
  return statement.masked ? reply.MASKED_CANARY : 'a value';
}

function rowOf(statement: ModelStatement): Buffer {
  return reply.dataRow([textOf(statement), statement.count % 2 === 0 ? null : textOf(statement)]);
}
