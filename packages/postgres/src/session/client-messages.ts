import { type Admission, type AdmittedStatement, type BoundParameter, type MaskPlan, outcomeOf, type Refusal } from '@sqlwarden/core';
import { decodeFrontend, encodeFrontend, type FormatCode, type FrontendMessage } from '../protocol/frontend-message.js';
import type { FrameSplitter } from '../protocol/frame-splitter.js';
import { FRONTEND, frontendName } from '../protocol/message-types.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { encodeBackend } from '../protocol/backend-message.js';
import { type Conversation, MAX_OUTSTANDING, MAX_OUTSTANDING_BYTES } from './conversation.js';
import { ExpectedReply, newWork, type ReplyKind, type Work } from './expected-reply.js';
import { type Portal, type PreparedStatement, type Proceed } from './prepared.js';
import { CopyMasks, isCopy } from './copy-masks.js';
import { LARGE_OBJECT_CALLS } from './large-object-calls.js';
import { NameLookup } from './name-lookup.js';
import { bindPortal } from './portal-rows.js';
import { tokenSetting } from './token-setting.js';
import { UnitAdmission } from './unit-admission.js';

type Message<Kind extends FrontendMessage['kind']> = Extract<FrontendMessage, { kind: Kind }>;

const NO_PARAMETERS: readonly BoundParameter[] = Object.freeze([]);
const NO_PLANS: readonly MaskPlan[] = Object.freeze([]);

/**
 * The sending side of a session: takes the client's messages in order, asks for admission before anything may run, and forwards what may go on.
 * One message is handled at a time; a message that has to wait (for an admission, a probe, or replies) is handled again from its beginning
 * when what it waits for is there.
 */
export class ClientMessages {
  readonly #talk: Conversation;
  readonly #frames: FrameSplitter;
  /** The message in the splitter is not handled yet. */
  #current = false;
  readonly #admission: UnitAdmission;
  readonly #lookup: NameLookup;
  #copyMasks: CopyMasks | undefined;
  /** The client said Terminate: nothing more is read from it. */
  terminated = false;

  constructor(talk: Conversation, frames: FrameSplitter) {
    this.#talk = talk;
    this.#frames = frames;
    this.#admission = new UnitAdmission(talk);
    this.#lookup = new NameLookup(talk);
    talk.segmentFailed = () => this.#admission.abandon();
  }

  /** A unit waits for its admission. */
  get pending(): boolean {
    return this.#admission.pending;
  }

  /** A message waits: what the client sends meanwhile is kept in the queue. */
  get waiting(): boolean {
    return this.#current;
  }

  /** The answer to the pending unit. */
  admitted(admission: Admission): void {
    this.#admission.admitted(admission);
  }

  /** The client is gone: the pending unit is given up. */
  clientGone(): void {
    this.terminated = true;
    this.#admission.abandon();
  }

  /** Handles one message if one is complete and nothing has to be waited for. */
  step(): boolean {
    if (this.terminated) return false;
    if (!this.#current) {
      if (!this.#frames.next()) return false;
      this.#current = true;
    }
    if (!this.#handle(this.#frames.type)) return false;
    this.#current = false;
    return true;
  }

  // ---- what a message does: true when it is done with, false when it waits ----

  #handle(type: number): boolean {
    const talk = this.#talk;
    if (type === FRONTEND.Terminate) return this.#terminate();
    if (type === FRONTEND.Password) throw new ProtocolError('unexpected-message', 'a password message after the login is not supported');
    if (talk.copyIn) return this.#duringCopyIn(type);
    if (talk.discarding) return this.#discard(type);
    if (this.#mustWait(type)) return false;
    try {
      return this.#forward(type);
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'invalid-text') return this.#refuse(type, INVALID_TEXT);
      throw error;
    }
  }

  #forward(type: number): boolean {
    switch (type) {
      case FRONTEND.Query:
        return this.#query(this.#decode<'Query'>());
      case FRONTEND.Parse:
        return this.#parse(this.#decode<'Parse'>());
      case FRONTEND.Bind:
        return this.#bind(this.#decode<'Bind'>());
      case FRONTEND.Describe:
        return this.#describe(this.#decode<'Describe'>());
      case FRONTEND.Execute:
        return this.#execute(this.#decode<'Execute'>());
      case FRONTEND.Close:
        return this.#close(this.#decode<'Close'>());
      case FRONTEND.Sync:
        return this.#sync();
      case FRONTEND.Flush:
        this.#talk.unflushed = false;
        this.#pass();
        return true;
      case FRONTEND.FunctionCall:
        return this.#functionCall(this.#decode<'FunctionCall'>());
      case FRONTEND.CopyData:
      case FRONTEND.CopyDone:
      case FRONTEND.CopyFail:
        // Left over from a COPY that has failed: the server ignores them too.
        return true;
      default:
        throw new ProtocolError('unknown-message', `a client does not send messages of ${frontendName(type)}`);
    }
  }

  #decode<Kind extends FrontendMessage['kind']>(): Message<Kind> {
    const frames = this.#frames;
    return decodeFrontend(frames.type, frames.buffer, frames.bodyStart, frames.end) as Message<Kind>;
  }

  #pass(): void {
    const frames = this.#frames;
    this.#talk.toServer.pass(frames.buffer, frames.start, frames.end);
  }

  #terminate(): boolean {
    this.#pass();
    this.#admission.abandon();
    this.terminated = true;
    return true;
  }

  #duringCopyIn(type: number): boolean {
    const talk = this.#talk;
    if (type === FRONTEND.CopyFail) this.#decode<'CopyFail'>();
    if (type === FRONTEND.CopyData) this.#pass();
    else if (type === FRONTEND.CopyDone || type === FRONTEND.CopyFail) {
      this.#pass();
      talk.copyIn = false;
      // What follows waits for the answer, the Sync that would make the server give it too.
      talk.unflushed = true;
      if (talk.barrier) talk.needReplies();
    } else if (type !== FRONTEND.Sync && type !== FRONTEND.Flush) {
      // The server ends the session over any other message ("COPY Operations"). An empty one stands for it, so that there is nothing to run in
      // it whatever the server makes of it.
      talk.toServer.write(encodeFrontend({ kind: 'Query', text: '' }));
      talk.copyIn = false;
    }
    return true;
  }

  #discard(type: number): boolean {
    this.#admission.abandon();
    if (type !== FRONTEND.Sync) return true;
    this.#talk.discarding = false;
    return this.#sync();
  }

  #mustWait(type: number): boolean {
    const talk = this.#talk;
    if (talk.expected.length === 0) talk.barrier = false;
    if (talk.barrier) {
      talk.needReplies();
      return true;
    }
    if (type === FRONTEND.Flush) return false;
    const full = talk.expected.length >= MAX_OUTSTANDING || talk.expected.bytes >= MAX_OUTSTANDING_BYTES;
    // A Sync takes room too, but it may be what the server ends a COPY at.
    if (!full && (talk.copyPending === 0 || type === FRONTEND.Sync)) return false;
    talk.needReplies();
    return true;
  }

  #sync(): boolean {
    const talk = this.#talk;
    const mayCommit = talk.forecast.status === 'idle' && talk.forecast.used;
    this.#pass();
    const reply = new ExpectedReply('sync', 0, talk.segmentClean);
    reply.mayCommit = mayCommit;
    talk.expected.push(reply);
    talk.segmentEnds();
    return true;
  }

  #refuse(type: number, refusal: Refusal): boolean {
    this.#admission.abandon();
    if (type === FRONTEND.Query || type === FRONTEND.FunctionCall) this.#talk.refuseQuery(refusal);
    else this.#talk.refuseExtended(refusal);
    return true;
  }

  // ---- units ----

  #query(message: Message<'Query'>): boolean {
    const talk = this.#talk;
    const { text, renewal } = tokenSetting(message.text);
    const admission = this.#admission.ask('query', text, NO_TYPES, NO_PARAMETERS, undefined, '', renewal);
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return this.#refuse(FRONTEND.Query, admission.refusal);
    const work = newWork(admission.ticket, admission.statements, talk.forecast.snapshot(), NO_PLANS, text);
    const copies = this.#copies(FRONTEND.Query, admission, work);
    if (copies !== 'ready') return copies === 'refused';
    const isCounted = admission.statements.some(mustBeUndone);
    const isPortal = isCounted && talk.forecast.status === 'idle';
    if (isPortal ? admission.statements.length > 1 : commitsUnseen(admission.statements))
      return this.#refuseAdmitted(FRONTEND.Query, work, oneByOne(admission.statements));
    if (isPortal) talk.sendAsPortal(text);
    else if (renewal !== undefined) talk.toServer.write(encodeFrontend({ kind: 'Query', text }));
    else this.#pass();
    if (isCounted) talk.barrier = true;
    this.#runs(admission, work);
    const reply = new ExpectedReply('query', this.#frames.end - this.#frames.start, admission.cleanTexts);
    reply.isPortal = isPortal;
    reply.work = work;
    reply.mayCommit = true;
    talk.expected.push(reply);
    talk.segmentEnds();
    return true;
  }

  /** Answered as a Query is, with one value in place of rows. */
  #functionCall(message: Message<'FunctionCall'>): boolean {
    const talk = this.#talk;
    const call = LARGE_OBJECT_CALLS.get(message.functionId);
    if (call === undefined || call.types.length !== message.arguments.length) return this.#refuse(FRONTEND.FunctionCall, NO_SUCH_CALL);
    const parameters = parametersOf(message.arguments, message.argumentFormats, call.types);
    const admission = this.#admission.ask('query', call.text, call.types, parameters, undefined);
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return this.#refuse(FRONTEND.FunctionCall, admission.refusal);
    const work = newWork(admission.ticket, admission.statements, talk.forecast.snapshot(), NO_PLANS, call.text);
    const [statement] = admission.statements;
    // Its value has no description that masks could be bound to, and its end cannot be held back.
    if (statement?.plan?.outputs.some((output) => output !== null) === true || statement?.affected !== undefined)
      return this.#refuseAdmitted(FRONTEND.FunctionCall, work, NO_SUCH_CALL);
    this.#pass();
    this.#runs(admission, work);
    const reply = new ExpectedReply('query', this.#frames.end - this.#frames.start, admission.cleanTexts);
    reply.isCall = true;
    reply.work = work;
    reply.mayCommit = true;
    talk.expected.push(reply);
    talk.segmentEnds();
    return true;
  }

  #parse(message: Message<'Parse'>): boolean {
    const talk = this.#talk;
    const statements = talk.names.statements;
    const bytes = this.#frames.end - this.#frames.start;
    if (message.name !== '' && statements.isFull(bytes) && statements.get(message.name) === undefined)
      return this.#refuse(FRONTEND.Parse, TOO_MANY_STATEMENTS);
    const { text, renewal } = tokenSetting(message.text);
    const admission = this.#admission.ask('prepare', text, message.parameterTypes, NO_PARAMETERS, undefined, message.name, renewal);
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return this.#refuse(FRONTEND.Parse, admission.refusal);
    const statement: PreparedStatement = {
      name: message.name,
      text,
      renewal,
      bytes,
      declaredTypes: message.parameterTypes,
      admission,
      segment: talk.segment,
      confirmed: false,
      doubtful: false,
      parameterTypes: undefined,
      describeForwarded: false,
      columns: undefined,
      lastDescription: undefined,
      version: 0,
      describedAt: -1,
      lastBinding: undefined,
    };
    const reply = this.#reply('parse', admission);
    reply.statement = statement;
    reply.change = this.#lookup.rename(statements, message.name, statement);
    reply.work = this.#ticketOnly(admission);
    if (renewal === undefined) this.#forwardCurrent(reply);
    else this.#forwardInstead({ ...message, text }, reply);
    return true;
  }

  #bind(message: Message<'Bind'>): boolean {
    const talk = this.#talk;
    const statement = this.#lookup.statement(message.statement);
    if (statement === 'wait') return false;
    if (statement === undefined) return this.#unknownName('26000', 'prepared statement');
    const portals = talk.names.portals;
    const bytes = this.#frames.end - this.#frames.start;
    if (message.portal !== '' && portals.isFull(bytes) && portals.get(message.portal) === undefined)
      return this.#refuse(FRONTEND.Bind, TOO_MANY_PORTALS);
    const parameters = boundParameters(message, statement);
    const { text, renewal } = statement;
    const admission = this.#admission.ask('bind', text, typesOf(statement), parameters, statement.admission, message.portal, renewal);
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return this.#refuse(FRONTEND.Bind, admission.refusal);
    const portal: Portal = {
      name: message.portal,
      statement,
      // A named portal can live long: it must not keep the chunk of bytes alive that its values came in.
      parameters: message.portal === '' ? parameters : parameters.map(kept),
      bytes,
      resultFormats: message.resultFormats,
      returned: undefined,
      admission,
      segment: talk.segment,
      confirmed: false,
      doubtful: false,
      describeForwarded: false,
      columns: undefined,
    };
    const reply = this.#reply('bind', admission);
    reply.portal = portal;
    reply.change = this.#lookup.rename(portals, message.portal, portal);
    reply.work = this.#ticketOnly(admission);
    this.#forwardCurrent(reply);
    return true;
  }

  #execute(message: Message<'Execute'>): boolean {
    const talk = this.#talk;
    const portal = this.#lookup.portal(message.portal);
    if (portal === 'wait') return false;
    if (portal === undefined) return this.#unknownName('34000', 'portal');
    const { statement } = portal;
    const { text, renewal } = statement;
    const admission = this.#admission.ask('execute', text, typesOf(statement), portal.parameters, portal.admission, '', renewal);
    if (admission === undefined) return false;
    if (admission.kind === 'refuse') return this.#refuse(FRONTEND.Execute, admission.refusal);
    const plans = plansOf(portal.admission, admission);
    const work = newWork(admission.ticket, admission.statements, talk.forecast.snapshot(), plans, statement.text);
    const copies = this.#copies(FRONTEND.Execute, admission, work);
    if (copies !== 'ready') return copies === 'refused';
    // A COPY has its own masks, and no rows to describe.
    if (plans.length > 0 && !isCopy(admission.statements[0])) {
      const reason = this.#prepareRows(portal, work);
      if (reason !== undefined) return this.#refuseAdmitted(FRONTEND.Execute, work, { code: 'mask-unbindable', message: reason });
    }
    portal.returned ??= admission.statements[0]?.returned;
    work.portalReturned = portal.returned;
    this.#runs(admission, work);
    const reply = this.#reply('execute', admission);
    reply.portal = portal;
    reply.work = work;
    for (const { action } of work.statements) if (action === 'commit' || action === 'call' || action === 'do') reply.mayCommit = true;
    this.#forwardCurrent(reply);
    // INVARIANT: what may commit does not follow before it is known that the statement may stay.
    if (admission.statements.some(mustBeUndone)) talk.barrier = true;
    return true;
  }

  /** Binds masks where the columns are known, or makes sure that they will be when rows come. Returns why not. */
  #prepareRows(portal: Portal, work: Work): string | undefined {
    const { statement } = portal;
    const columns = portal.columns !== undefined ? portal.columns : statement.columns;
    if (columns === null) return undefined;
    if (columns === undefined) {
      if (!portal.describeForwarded && !statement.describeForwarded) this.#describeHidden(portal);
      return undefined;
    }
    return bindPortal(portal, columns, work, this.#talk);
  }

  #describeHidden(portal: Portal): void {
    const bytes = encodeFrontend({ kind: 'Describe', target: 'portal', name: portal.name });
    portal.describeForwarded = true;
    const reply = new ExpectedReply('describe-portal', 0, portal.admission.cleanTexts);
    reply.portal = portal;
    reply.hidden = true;
    this.#talk.forward(bytes, 0, bytes.length, reply);
  }

  // ---- the other messages of the extended protocol ----

  #describe(message: Message<'Describe'>): boolean {
    if (message.target === 'statement') {
      const statement = this.#lookup.statement(message.name);
      if (statement === 'wait') return false;
      if (statement === undefined) return this.#unknownName('26000', 'prepared statement');
      // The server looks names up again to describe a statement, so the host has to as well.
      const { text, renewal } = statement;
      const admission = this.#admission.ask('prepare', text, typesOf(statement), NO_PARAMETERS, statement.admission, '', renewal);
      if (admission === undefined) return false;
      if (admission.kind === 'refuse') return this.#refuse(FRONTEND.Describe, admission.refusal);
      statement.describeForwarded = true;
      const reply = this.#reply('describe-statement', statement.admission);
      reply.statement = statement;
      this.#forwardCurrent(reply);
      return true;
    }
    const portal = this.#lookup.portal(message.name);
    if (portal === 'wait') return false;
    if (portal === undefined) {
      // It may be a cursor of the SQL level. A description holds no data, and the server says when there is no such name.
      this.#admission.abandon();
      this.#forwardCurrent(new ExpectedReply('describe-portal', this.#frames.end - this.#frames.start, true));
      return true;
    }
    portal.describeForwarded = true;
    const reply = this.#reply('describe-portal', portal.admission);
    reply.portal = portal;
    this.#forwardCurrent(reply);
    return true;
  }

  #close(message: Message<'Close'>): boolean {
    const { statements, portals } = this.#talk.names;
    const reply = this.#reply('close', undefined);
    reply.change =
      message.target === 'statement' ? this.#lookup.remove(statements, message.name) : this.#lookup.remove(portals, message.name);
    this.#forwardCurrent(reply);
    return true;
  }

  /** What will answer the message at hand. */
  #reply(kind: ReplyKind, admission: Proceed | undefined): ExpectedReply {
    const clean = admission?.cleanTexts === true;
    if (clean) this.#talk.segmentClean = true;
    return new ExpectedReply(kind, this.#frames.end - this.#frames.start, clean);
  }

  #forwardCurrent(reply: ExpectedReply): void {
    const frames = this.#frames;
    this.#talk.forward(frames.buffer, frames.start, frames.end, reply);
  }

  /** {@link #forwardCurrent} for a message that others must not see as it came. */
  #forwardInstead(message: FrontendMessage, reply: ExpectedReply): void {
    const bytes = encodeFrontend(message);
    this.#talk.forward(bytes, 0, bytes.length, reply);
  }

  /** Work of a phase that runs nothing, for a ticket that the host gave all the same. */
  #ticketOnly(admission: Proceed): Work | undefined {
    return admission.ticket === 0 ? undefined : newWork(admission.ticket, [], this.#talk.forecast.snapshot(), NO_PLANS);
  }

  /** Accounts for statements that are about to run. */
  #runs(admission: Proceed, work: Work): void {
    const talk = this.#talk;
    if (work.mayCopy) talk.copyPending += 1;
    for (const statement of admission.statements) {
      // The end of a transaction, or of a part of it, takes back what was changed inside.
      const takesBack = talk.stateTouched && TAKES_BACK.has(statement.action);
      if (statement.changesState || takesBack) {
        talk.stateStale = true;
        talk.stateTouched = true;
      }
      talk.names.ran(statement.action, statement.changesState);
      talk.forecast.ran(statement, work.rollback);
    }
    if (admission.statements.length === 0) talk.forecast.used = true;
  }

  #unknownName(sqlstate: string, what: string): boolean {
    this.#admission.abandon();
    const fields = [
      { code: 'S', value: 'ERROR' },
      { code: 'V', value: 'ERROR' },
      { code: 'C', value: sqlstate },
      { code: 'M', value: `sqlwarden: this ${what} was not made by this protocol or does not exist any more, make it again` },
    ];
    this.#talk.failExtended(encodeBackend({ kind: 'ErrorResponse', fields }), 'unknown-name');
    return true;
  }

  /** Makes the masks of a unit's copies to the client; while columns have to be asked for, the admission is kept. */
  #copies(type: number, admission: Proceed, work: Work): 'ready' | 'wait' | 'refused' {
    if (!work.mayCopy) return 'ready';
    if (this.#copyMasks?.admission !== admission) this.#copyMasks = new CopyMasks(admission);
    const readiness = this.#copyMasks.readiness(this.#talk, work);
    if (readiness.kind === 'wait') {
      this.#admission.keep();
      return 'wait';
    }
    this.#copyMasks = undefined;
    if (readiness.kind === 'refuse') {
      this.#refuseAdmitted(type, work, readiness.refusal);
      return 'refused';
    }
    work.copyMaskers = readiness.maskers;
    return 'ready';
  }

  #refuseAdmitted(type: number, work: Work, refusal: Refusal): boolean {
    work.errorCode = refusal.code;
    if (refusal.code === 'limit-exceeded') work.limit = refusal.rule;
    if (work.ticket !== 0) this.#talk.host.settle(outcomeOf(work, 'error', false));
    return this.#refuse(type, refusal);
  }
}

/** What it does must not last before it is known that no limit was reached. */
function mustBeUndone({ affected, returned, hasEffects }: AdmittedStatement): boolean {
  return affected !== undefined || (returned !== undefined && hasEffects);
}

/** A transaction would be ended by the same message before it is known what a statement did. */
function commitsUnseen(statements: readonly AdmittedStatement[]): boolean {
  const first = statements.findIndex(mustBeUndone);
  return first >= 0 && statements.slice(first + 1).some(({ action }) => COMMITS.has(action));
}

const COMMITS: ReadonlySet<string> = new Set(['commit', 'unknown']);
function oneByOne(statements: readonly AdmittedStatement[]): Refusal {
  const counted = statements.find(mustBeUndone);
  const rule = (counted?.affected ?? counted?.returned)?.refusal().rule;
  return {
    code: 'limit-exceeded',
    message: 'a limit counts the rows of these statements: send them one by one, or without COMMIT in a transaction that was begun before',
    ...(rule === undefined ? {} : { rule }),
  };
}

const TAKES_BACK: ReadonlySet<string> = new Set(['commit', 'rollback', 'savepoint']);
const NO_TYPES: readonly number[] = Object.freeze([]);

const INVALID_TEXT: Refusal = { code: 'statement-unparsed', message: 'the text is not valid UTF-8, send it in the client encoding UTF8' };
const NO_SUCH_CALL: Refusal = {
  code: 'message-unsupported',
  message: 'FunctionCall is supported for functions of large objects only, call the function in a statement',
};
const TOO_MANY_STATEMENTS: Refusal = {
  code: 'statement-too-large',
  message: 'too many or too long prepared statements in one session, close some',
};
const TOO_MANY_PORTALS: Refusal = { code: 'statement-too-large', message: 'too many or too large portals in one session, close some' };

function typesOf(statement: PreparedStatement): readonly number[] {
  return statement.parameterTypes ?? statement.declaredTypes;
}

function boundParameters(message: Message<'Bind'>, statement: PreparedStatement): readonly BoundParameter[] {
  if (message.parameters.length === 0) return NO_PARAMETERS;
  return parametersOf(message.parameters, message.parameterFormats, typesOf(statement));
}

function parametersOf(
  values: readonly (Uint8Array | null)[],
  formats: readonly FormatCode[],
  types: readonly number[],
): readonly BoundParameter[] {
  return values.map((value, position) => {
    const format = formats.length === 1 ? formats[0] : formats[position];
    return { typeId: types[position] ?? 0, format: format === 1 ? 'binary' : 'text', value };
  });
}

function kept(parameter: BoundParameter): BoundParameter {
  return parameter.value === null ? parameter : { ...parameter, value: parameter.value.slice() };
}

/** The plan of the Bind and, where it is another one, that of the Execute. */
function plansOf(bind: Proceed, execute: Proceed): readonly MaskPlan[] {
  const first = bind.statements[0]?.plan;
  const second = execute.statements[0]?.plan;
  if (first === undefined) return second === undefined ? NO_PLANS : [second];
  return second === undefined || second === first ? [first] : [first, second];
}
