import type { BoundParameter, Refusal, UnitPhase } from '@sqlwarden/core';
import { unreachable } from '@sqlwarden/core';
import type { RpcCall, RpcParameter } from '../protocol/rpc-request.js';
import type { ServerError } from '../refusal.js';
import type { DeclaredParameter } from '../sql/declared-parameters.js';
import { SYSTEM_PROCEDURES } from '../sql/routines-system.js';
import type { Conversation } from './conversation.js';
import type { RpcReplies } from './expected-reply.js';
import type { JudgedText, PreparedStatement, Proceed } from './prepared.js';
import { procedureName, systemProcedure } from './procedure-name.js';
import { isInPlace, type NumberedCall, numberedCall } from './rpc-procedures.js';
import { boundParameter, callArgument, integerIn, isByReference, isDefault, isEncrypted, unicodeIn } from './rpc-parameters.js';
import { callText, statementText } from './statement-text.js';
import { TOKEN_KEY, tokenSetting } from './token-setting.js';

/** What was decided of a call, by phase. */
export interface Decided {
  readonly prepare?: Proceed;
  readonly bind?: Proceed;
  /** Of the last phase. */
  readonly last: Proceed;
}

/** An RPC that is judged as a text. */
export interface JudgedCall {
  readonly kind: 'judged';
  readonly judged: JudgedText;
  readonly renewal?: string | undefined;
  readonly phases: readonly UnitPhase[];
  /** What was decided when it was prepared, or its cursor opened. */
  readonly earlier?: Proceed;
  readonly parameters: readonly BoundParameter[];
  /** By place in {@link JudgedText.outputs}: where the parameter is in the call; `undefined`: its value is not sent back. */
  readonly returnedAt: readonly (number | undefined)[];
  /** The last of the outputs is the status that the procedure returns. */
  readonly returnsStatus?: true;
  readonly replies: (decided: Decided) => RpcReplies;
}

/** What an RPC is to the session. `free`: it runs nothing and returns nothing of anybody's data; `forwarded` is called when it goes on. */
export type PlannedCall =
  | JudgedCall
  | { readonly kind: 'free'; readonly replies: RpcReplies; readonly forwarded: () => void }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'error'; readonly error: ServerError; readonly text: string };

/** How the parameters of sp_executesql and its kin are read; `undefined`: not understood. */
export type ReadDeclaration = (text: string) => readonly DeclaredParameter[] | undefined;

const RUNS_AT_ONCE: readonly UnitPhase[] = ['query'];
const PREPARES: readonly UnitPhase[] = ['prepare'];
const EXECUTES: readonly UnitPhase[] = ['bind', 'execute'];
const PREPARES_AND_EXECUTES: readonly UnitPhase[] = ['prepare', 'bind', 'execute'];
const FETCHES: readonly UnitPhase[] = ['execute'];

/** Says what one RPC is judged as ([MS-TDS] section 2.2.6.6). Reads the session's handles, changes nothing. */
export function planCall(call: RpcCall, talk: Conversation, declaration: ReadDeclaration): PlannedCall {
  if (call.separator === 'no-exec') return refuse('an RPC that is not to be executed is not supported');
  if ((call.options & REUSES_METADATA) !== 0) return refuse('fReuseMetaData is not supported');
  if (call.parameters.some(isEncrypted)) return refuse('Always Encrypted is not supported, connect without Column Encryption Setting');
  const numbered = numberedCall(call);
  if (numbered === 'unknown') return refuse('an RPC by a number that no procedure has is not supported');
  if (numbered === undefined) return 'name' in call.procedure ? plainCall(call.procedure.name, call.parameters) : refuse(NO_NAME);
  const names = call.parameters.map(({ name }) => name);
  if (!isInPlace(numbered, names)) return refuse(`the parameters of ${numbered.name} are not in their order`);
  return planNumbered({ call: numbered, parameters: call.parameters, talk, declaration });
}

/** A procedure by its name: judged as EXECUTE. */
function plainCall(given: string, parameters: readonly RpcParameter[]): PlannedCall {
  const name = procedureName(given);
  if (name === undefined) return refuse(NO_NAME);
  const system = systemProcedure(name);
  if (system === 'sp_set_session_context' && unicodeIn(parameters[0])?.toLowerCase().trim() === TOKEN_KEY) return renewingCall(parameters);
  const isOwn = system !== undefined && SYSTEM_PROCEDURES.has(system);
  const judged = callText(name, parameters.map(callArgument), !isOwn);
  if (judged === undefined) return refuse(NO_PARAMETER);
  return {
    kind: 'judged',
    judged,
    phases: RUNS_AT_ONCE,
    parameters: parameters.filter((parameter) => !isDefault(parameter)).map(boundParameter),
    returnedAt: outputPlaces(parameters, 0),
    ...(isOwn ? {} : { returnsStatus: true }),
    replies: () => ({ hasOwnStatus: isOwn }),
  };
}

/** Where the parameters are whose values come back, in order. */
function outputPlaces(parameters: readonly RpcParameter[], before: number): readonly number[] {
  return parameters.flatMap((parameter, at) => (isByReference(parameter) && !isDefault(parameter) ? [before + at] : []));
}

/** sp_set_session_context with a token: read as the batch that does the same, so that the token goes nowhere else. */
function renewingCall(parameters: readonly RpcParameter[]): PlannedCall {
  const token = unicodeIn(parameters[1]) ?? '';
  const { text, renewal } = tokenSetting(`EXEC sp_set_session_context N'${TOKEN_KEY}', N'${token}'`);
  const judged: JudgedText = { text, hasDeclare: false, outputs: [] };
  return {
    kind: 'judged',
    judged,
    renewal: renewal ?? '',
    phases: RUNS_AT_ONCE,
    parameters: [],
    returnedAt: [],
    replies: () => ({ hasOwnStatus: true }),
  };
}

interface Numbered {
  readonly call: NumberedCall;
  readonly parameters: readonly RpcParameter[];
  readonly talk: Conversation;
  readonly declaration: ReadDeclaration;
}

function planNumbered(given: Numbered): PlannedCall {
  const { call } = given;
  switch (call.name) {
    case 'sp_executesql':
      return withText(given, RUNS_AT_ONCE);
    case 'sp_prepare':
    case 'sp_cursorprepare':
      return withText(given, PREPARES);
    case 'sp_prepexec':
    case 'sp_prepexecrpc':
    case 'sp_cursoropen':
    case 'sp_cursorprepexec':
      return withText(given, PREPARES_AND_EXECUTES);
    case 'sp_execute':
    case 'sp_cursorexecute':
      return withHandle(given);
    case 'sp_cursorfetch':
      return onCursor(given);
    case 'sp_cursor':
      return (integerIn(given.parameters[1]) ?? WRITES) & WRITES ? refuse(POSITIONED_WRITE) : onCursor(given);
    case 'sp_cursoroption':
      return free(given, () => undefined);
    case 'sp_cursorclose':
      return free(given, (talk, handle) => (handle === undefined ? talk.cursors.clear() : talk.cursors.close(handle)));
    case 'sp_unprepare':
    case 'sp_cursorunprepare':
      return free(given, (talk, handle) => (handle === undefined ? talk.prepared.clear() : talk.prepared.close(handle)));
    default:
      return unreachable(call.name);
  }
}

// ---- what has a text ----

function withText(given: Numbered, phases: readonly UnitPhase[]): PlannedCall {
  const { call, talk } = given;
  const judged = judgedText(given);
  if (typeof judged === 'string') return refuse(judged);
  if ((call.handle !== undefined && talk.prepared.isFull(judged.text)) || (call.cursor !== undefined && talk.cursors.isFull))
    return { kind: 'refuse', refusal: TOO_MANY };
  const { text, renewal } = tokenSetting(judged.text);
  const isAtOnce = phases === RUNS_AT_ONCE;
  return {
    kind: 'judged',
    judged: renewal === undefined ? judged : { text, hasDeclare: false, outputs: [] },
    // A token that would be kept in a prepared statement is not taken.
    renewal: renewal === undefined || isAtOnce ? renewal : '',
    phases,
    ...(renewal === undefined ? valuesOf(given, judged, declaredNames(given)) : { parameters: [], returnedAt: [] }),
    replies: (decided) => repliesTo(given, judged, decided),
  };
}

/** The text that the call runs or prepares, or why it cannot be read. */
function judgedText({ call, parameters, declaration }: Numbered): JudgedText | string {
  const text = unicodeIn(parameters[call.text ?? 0]);
  if (text === undefined) return `${call.name} needs its statement as a Unicode text (nvarchar, nchar, ntext)`;
  if (call.name === 'sp_prepexecrpc') {
    const name = procedureName(text ?? '');
    const judged = name === undefined ? undefined : callText(name, parameters.slice(call.fixed).map(callArgument));
    return judged ?? NO_NAME;
  }
  const declared = declaredIn({ call, parameters, declaration });
  if (declared === undefined) return `the declaration of the parameters of ${call.name} is not understood`;
  return statementText(text ?? '', declared);
}

function declaredIn({
  call,
  parameters,
  declaration,
}: Pick<Numbered, 'call' | 'parameters' | 'declaration'>): readonly DeclaredParameter[] | undefined {
  const parameter = call.declaration === undefined ? undefined : parameters[call.declaration];
  if (parameter === undefined) return [];
  const text = unicodeIn(parameter);
  return text === undefined ? undefined : declaration(text ?? '');
}

function declaredNames(given: Numbered): readonly string[] | 'procedure' {
  if (given.call.name === 'sp_prepexecrpc') return 'procedure';
  return declaredIn(given)?.map(({ name }) => name) ?? [];
}

/** The values, and where those of the declared outputs are that they ask for: by name, else in the order of the declaration. */
function valuesOf(
  { call, parameters }: Numbered,
  { outputs }: JudgedText,
  declared: readonly string[] | 'procedure',
): Pick<JudgedCall, 'parameters' | 'returnedAt'> {
  const values = parameters.slice(call.fixed);
  const bound = values.map(boundParameter);
  if (declared === 'procedure') return { parameters: bound, returnedAt: outputPlaces(values, call.fixed) };
  const places = new Map<string, number>();
  for (const [at, value] of values.entries()) {
    const name = value.name === '' ? declared[at] : value.name.slice(1).toLowerCase();
    if (isByReference(value) && name !== undefined) places.set(name, call.fixed + at);
  }
  return { parameters: bound, returnedAt: outputs.map((name) => places.get(name)) };
}

function repliesTo(given: Numbered, judged: JudgedText, decided: Decided): RpcReplies {
  const { call, talk } = given;
  const { cursor, handle } = call;
  const replies = { lastResult: undefined };
  const declared = declaredNames(given);
  const prepared: PreparedStatement = {
    judged,
    declared,
    isCursor: call.name.startsWith('sp_cursor'),
    admission: decided.prepare ?? decided.last,
    replies,
  };
  return {
    ownOutputs: call.fixed,
    hasOwnStatus: declared !== 'procedure',
    ...(handle === undefined ? {} : { handleAt: handle, prepared: (number) => talk.prepared.add(number, prepared), statement: replies }),
    ...(cursor === undefined ? {} : opensCursor(talk, cursor, judged, decided)),
  };
}

function opensCursor(
  talk: Conversation,
  cursorAt: number,
  judged: JudgedText,
  decided: Decided,
): Pick<RpcReplies, 'cursorAt' | 'cursorOpened'> {
  const opened = decided.bind ?? decided.last;
  return { cursorAt, cursorOpened: (handle, cursor) => talk.cursors.add(handle, { judged, opened, cursor }) };
}

// ---- what has a handle ----

function withHandle(given: Numbered): PlannedCall {
  const { call, parameters, talk } = given;
  const handle = integerIn(parameters[0]);
  const statement = handle === undefined ? undefined : talk.prepared.get(handle);
  if (statement === undefined || statement.isCursor !== (call.name === 'sp_cursorexecute'))
    return { kind: 'error', error: UNKNOWN_STATEMENT, text: `Could not find prepared statement with handle ${handle ?? 0}.` };
  const { judged, admission, replies } = statement;
  return {
    kind: 'judged',
    judged,
    phases: EXECUTES,
    earlier: admission,
    ...valuesOf(given, judged, statement.declared),
    replies: (decided) => ({
      ownOutputs: call.fixed,
      hasOwnStatus: statement.declared !== 'procedure',
      statement: replies,
      ...(call.cursor === undefined ? {} : opensCursor(talk, call.cursor, judged, decided)),
    }),
  };
}

function onCursor({ call, parameters, talk }: Numbered): PlannedCall {
  const handle = integerIn(parameters[0]);
  const entry = handle === undefined ? undefined : talk.cursors.get(handle);
  if (entry === undefined) {
    const shown = ((handle ?? 0) >>> 0).toString(16);
    return { kind: 'error', error: UNKNOWN_CURSOR, text: `${call.name}: The cursor identifier value provided (${shown}) is not valid.` };
  }
  const { judged, opened, cursor } = entry;
  return {
    kind: 'judged',
    judged,
    phases: FETCHES,
    earlier: opened,
    parameters: [],
    returnedAt: [],
    replies: () => ({ ownOutputs: call.fixed, hasOwnStatus: true, cursor }),
  };
}

function free({ call, parameters, talk }: Numbered, forget: (talk: Conversation, handle: number | undefined) => void): PlannedCall {
  return {
    kind: 'free',
    replies: { ownOutputs: call.fixed, hasOwnStatus: true },
    forwarded: () => forget(talk, integerIn(parameters[0])),
  };
}

function refuse(message: string): PlannedCall {
  return { kind: 'refuse', refusal: { code: 'message-unsupported', message } };
}

/** fReuseMetaData of the OptionFlags. */
const REUSES_METADATA = 0x04;
/** UPDATE, DELETE and INSERT of the `optype` of sp_cursor. */
const WRITES = 0x07;
/** "Could not find prepared statement with handle %d." */
const UNKNOWN_STATEMENT: ServerError = { number: 8179, state: 4, class: 16 };
/** "%ls: The cursor identifier value provided (%x) is not valid." */
const UNKNOWN_CURSOR: ServerError = { number: 16909, state: 1, class: 16 };
const NO_PARAMETER = 'a parameter has a name that is none';
const NO_NAME = 'the name of a procedure is not understood, write it as a name of at most four parts';
const POSITIONED_WRITE = 'writes through sp_cursor are not supported, use UPDATE, DELETE or INSERT';
const TOO_MANY: Refusal = {
  code: 'statement-too-large',
  message: 'too many or too long prepared statements or cursors in one session, close some',
};
