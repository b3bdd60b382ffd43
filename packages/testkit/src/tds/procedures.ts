import type { CannedItem, CannedParameter, CannedRequest, CannedValue } from './canned-answers.js';
import { ROWSTAT, type Output, type Reply } from './reply.js';
import type { Call } from './requests.js';
import type { Cursor, SessionState } from './session-state.js';

/** How the rows of sp_cursorfetch are described: with their ROWSTAT, without it (as Babelfish does), or not at all. */
export type RowstatForm = 'listed' | 'unlisted' | 'no metadata';

export interface CallPlace {
  readonly state: SessionState;
  readonly reply: Reply;
  readonly request: Extract<CannedRequest, { kind: 'rpc' }>;
  readonly rowstat: RowstatForm;
  /** The script's answer to the request's text; the error of a text that has none where it has none. */
  answer(): Promise<readonly CannedItem[]>;
}

/** Where a system procedure has its statement, its handle and its cursor among its parameters: "System Stored Procedures" of SQL Server. */
interface Shape {
  readonly statement?: number;
  readonly handle?: number;
  readonly cursor?: number;
  readonly makes?: 'handle' | 'cursor' | 'handle and cursor';
}

const SHAPES: Readonly<Record<string, Shape>> = {
  sp_cursor: { cursor: 0 },
  sp_cursoropen: { statement: 1, cursor: 0, makes: 'cursor' },
  sp_cursorprepare: { statement: 2, handle: 0, makes: 'handle' },
  sp_cursorexecute: { handle: 0, cursor: 1, makes: 'cursor' },
  sp_cursorprepexec: { statement: 3, handle: 0, cursor: 1, makes: 'handle and cursor' },
  sp_cursorunprepare: { handle: 0 },
  sp_cursorfetch: { cursor: 0 },
  sp_cursoroption: { cursor: 0 },
  sp_cursorclose: { cursor: 0 },
  sp_executesql: { statement: 0 },
  sp_prepare: { statement: 2, handle: 0, makes: 'handle' },
  sp_execute: { handle: 0 },
  sp_prepexec: { statement: 2, handle: 0, makes: 'handle' },
  sp_prepexecrpc: { statement: 1, handle: 0, makes: 'handle' },
  sp_unprepare: { handle: 0 },
};

/** The last part of a procedure's name, in lower case and without brackets. */
export function plainName(procedure: string): string {
  return (procedure.split('.').at(-1) ?? '').replaceAll(/[[\]"]/g, '').toLowerCase();
}

/** The text that a call executes: its statement, that of its handle, or the procedure's name. */
export function textOf({ procedure, parameters }: Call, state: SessionState): string {
  const shape = SHAPES[plainName(procedure)];
  if (shape === undefined) return procedure;
  if (shape.statement !== undefined) {
    const text = parameters[shape.statement]?.value;
    return typeof text === 'string' ? text : '';
  }
  if (shape.handle === undefined || shape.cursor !== undefined)
    return state.statements.get(numberAt(parameters, shape.handle)) ?? procedure;
  return state.statements.get(numberAt(parameters, shape.handle)) ?? procedure;
}

function numberAt(parameters: readonly CannedParameter[], index: number | undefined): number {
  return index === undefined ? Number.NaN : Number(parameters[index]?.value ?? Number.NaN);
}

/** Gives the whole reply to a call, but for what ends it; answers its output parameters. */
export async function answerCall(place: CallPlace): Promise<readonly Output[]> {
  const { request, state, reply } = place;
  const name = plainName(request.procedure);
  const shape = SHAPES[name];
  if (shape === undefined || name === 'sp_executesql') {
    await reply.give(await place.answer());
    return outputsOf(place, 0, []);
  }
  const missing = missingObject(place, shape);
  if (missing !== undefined) {
    await reply.give([missing]);
    return [];
  }
  const made: Output[] = [];
  if (shape.makes !== undefined && shape.makes !== 'cursor') made.push(prepare(place, shape.handle ?? 0));
  if (shape.makes === 'cursor' || shape.makes === 'handle and cursor') return [...made, ...(await openCursor(place, shape.cursor ?? 0))];
  if (shape.cursor !== undefined) return answerCursor(place, name);
  return answerPrepared(place, name, made);

  function missingObject({ request: { parameters } }: CallPlace, { handle, cursor, makes }: Shape): CannedItem | undefined {
    const needsHandle = handle !== undefined && (makes === undefined || makes === 'cursor');
    if (needsHandle && !state.statements.has(numberAt(parameters, handle)))
      return {
        kind: 'error',
        number: 8179,
        message: `Could not find prepared statement with handle ${String(numberAt(parameters, handle))}.`,
      };
    if (cursor !== undefined && makes === undefined && !state.cursors.has(numberAt(parameters, cursor)))
      return { kind: 'error', number: 16916, message: 'A cursor with that handle does not exist.' };
    return undefined;
  }
}

function prepare({ state, request }: CallPlace, at: number): Output {
  const handle = state.newHandle();
  state.statements.set(handle, request.text);
  return { ordinal: at, name: request.parameters[at]?.name ?? '', type: 'int', value: handle };
}

async function answerPrepared(place: CallPlace, name: string, made: readonly Output[]): Promise<readonly Output[]> {
  const { request, state, reply } = place;
  if (name === 'sp_unprepare' || name === 'sp_cursorunprepare') {
    state.statements.delete(numberAt(request.parameters, 0));
    return [];
  }
  if (name === 'sp_prepare' || name === 'sp_cursorprepare') {
    // RETURN_METADATA of the options.
    const options = Number(request.parameters[3]?.value ?? 0);
    const rows = (options & 1) === 0 ? undefined : (await place.answer()).find((item) => item.kind === 'rows');
    if (rows !== undefined) reply.metadata(rows.columns, false);
    return made;
  }
  await reply.give(await place.answer());
  return outputsOf(place, made.length > 0 ? (request.procedure.endsWith('rpc') ? 2 : 3) : 1, made);
}

/** What the script gives, else the output parameters from `first` on as they came. */
function outputsOf({ request, reply }: CallPlace, first: number, made: readonly Output[]): readonly Output[] {
  const asked = request.parameters.flatMap((parameter, ordinal) => (parameter.output && ordinal >= first ? [{ parameter, ordinal }] : []));
  const scripted = reply.outputs.map((output, index) => ({ ...output, ordinal: asked[index]?.ordinal ?? first + index }));
  if (scripted.length > 0) return [...made, ...scripted];
  return [
    ...made,
    ...asked.map(({ parameter, ordinal }) => ({ ordinal, name: parameter.name, type: parameter.type, value: plain(parameter) })),
  ];
}

function plain({ value }: CannedParameter): CannedValue {
  return value === null || typeof value !== 'object' || Buffer.isBuffer(value) ? value : null;
}

async function openCursor(place: CallPlace, at: number): Promise<readonly Output[]> {
  const { state, reply, request } = place;
  const items = await place.answer();
  const rows = items.find((item) => item.kind === 'rows');
  if (rows === undefined) {
    await reply.give(items);
    return [];
  }
  const cursor: Cursor = { columns: rows.columns, rows: [...rows.rows], position: -1, fetched: 0 };
  const handle = state.newHandle();
  state.cursors.set(handle, cursor);
  reply.metadata(
    [...rows.columns, ROWSTAT],
    rows.columns.some(({ table }) => table !== undefined),
  );
  reply.statementDone();
  // Then scrollopt and ccopt as they were asked for, and the number of rows, where the call has them.
  const first = at === 0 ? 2 : request.procedure.endsWith('prepexec') ? 4 : 2;
  const asked = request.parameters.flatMap((parameter, ordinal) =>
    parameter.output && ordinal >= first && ordinal < first + 3 ? [ordinal] : [],
  );
  return [
    { ordinal: at, name: request.parameters[at]?.name ?? '', type: 'int', value: handle },
    ...asked.map((ordinal) => ({
      ordinal,
      name: request.parameters[ordinal]?.name ?? '',
      type: 'int',
      value: ordinal === first + 2 ? cursor.rows.length : Number(request.parameters[ordinal]?.value ?? 0),
    })),
  ];
}

function answerCursor({ state, request, reply, rowstat }: CallPlace, name: string): readonly Output[] {
  const handle = numberAt(request.parameters, 0);
  const cursor = state.cursors.get(handle);
  if (cursor === undefined) return [];
  if (name === 'sp_cursorclose') state.cursors.delete(handle);
  else if (name === 'sp_cursorfetch') {
    fetch(cursor, numberAt(request.parameters, 1), Number(request.parameters[2]?.value ?? 1), Number(request.parameters[3]?.value ?? 20));
    reply.fetched(cursor.columns, cursor.rows.slice(Math.max(cursor.position, 0), cursor.position + cursor.fetched), rowstat);
  }
  return [];
}

/** Moves a cursor as "sp_cursorfetch (Transact-SQL)" says: FIRST, NEXT, PREV, LAST, ABSOLUTE, RELATIVE; REFRESH stays. */
function fetch(cursor: Cursor, type: number, row: number, count: number): void {
  const { length } = cursor.rows;
  const positions: Readonly<Record<number, number>> = {
    0x01: 0,
    0x02: cursor.position < 0 ? 0 : cursor.position + cursor.fetched,
    0x04: cursor.position - count,
    0x08: length - count,
    0x10: row > 0 ? row - 1 : length + row,
    0x20: cursor.position + row,
    0x80: Math.max(cursor.position, 0),
  };
  cursor.position = Math.min(Math.max(positions[Number.isNaN(type) ? 0x02 : type] ?? 0, 0), length);
  cursor.fetched = Math.max(0, Math.min(count, length - cursor.position));
}
