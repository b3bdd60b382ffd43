import type { DeclaredParameter } from '../sql/declared-parameters.js';
import { bracketed, type ProcedureName, quotedName } from './procedure-name.js';
import type { JudgedText } from './prepared.js';

/**
 * The text that an RPC is judged as: the batch that means the same. Parameters are variables; one that is not declared is a value that was bound. Those whose values come
 * back are declared, and selected at the end, so that it is told what they derive from.
 */

/** A statement with declared parameters ("sp_executesql"): the text itself, unless parameters come back or are tables. */
export function statementText(text: string, declared: readonly DeclaredParameter[]): JudgedText {
  const needed = declared.filter(({ isOutput, mayBeTable }) => isOutput || mayBeTable);
  const outputs = declared.filter(({ isOutput }) => isOutput).map(({ name }) => name);
  return judged(
    needed.map(({ name, type }) => `@${name} ${type}`),
    text,
    outputs,
  );
}

/** A value for a procedure, as its RPC names it. */
export interface CallArgument {
  /** With its `@`; empty where it is given by position. */
  readonly name: string;
  readonly isOutput: boolean;
  /** The procedure's own default is asked for. */
  readonly isDefault: boolean;
  /** What it is declared as where it comes back or is a table. */
  readonly type: string;
  readonly isTable: boolean;
}

/** What a procedure returns as its status, as one more output. */
const STATUS = 'sqlwarden_status';

/**
 * The call of a procedure ("EXECUTE"); `undefined` when an argument has a name that is none. `returnsStatus`: what its status derives from is asked for, too, as the
 * last of the outputs.
 */
export function callText(procedure: ProcedureName, given: readonly CallArgument[], returnsStatus = false): JudgedText | undefined {
  if (!given.every(({ name }) => name === '' || VARIABLE.test(name))) return undefined;
  const names = new Set(given.map(({ name }) => name.toLowerCase()));
  const declared: string[] = [];
  const outputs: string[] = [];
  const written = given.map((argument, at) => {
    const { name, isOutput, isDefault, type, isTable } = argument;
    const variable = name === '' ? freeName(at, names) : name;
    const target = name === '' ? '' : `${name} = `;
    if (isDefault) return `${target}DEFAULT`;
    if (isOutput || isTable) declared.push(`${variable} ${type}`);
    if (isOutput) outputs.push(variable.slice(1));
    return `${target}${variable}${isOutput ? ' OUTPUT' : ''}`;
  });
  if (returnsStatus) {
    declared.push(`@${STATUS} int`);
    outputs.push(STATUS);
  }
  const status = returnsStatus ? `@${STATUS} = ` : '';
  return judged(declared, `EXECUTE ${status}${quotedName(procedure)} ${written.join(', ')}`.trimEnd(), outputs);
}

/** A variable for an argument that has no name. */
function freeName(at: number, taken: ReadonlySet<string>): string {
  let name = `@p${at + 1}`;
  while (taken.has(name)) name += '_';
  return name;
}

function judged(declared: readonly string[], text: string, outputs: readonly string[]): JudgedText {
  const head = declared.length === 0 ? '' : `DECLARE ${declared.join(', ')};\n`;
  // On a line of its own, behind whatever comment the text ends in.
  const tail = outputs.length === 0 ? '' : `\n;SELECT ${outputs.map((name) => `@${name}`).join(', ')}`;
  return { text: head + text + tail, hasDeclare: head !== '', outputs };
}

/** "Identifiers", of a variable. */
const VARIABLE = /^@[\p{L}\p{N}_@#$]+$/u;

/** The type of a table-valued parameter. */
export function tableTypeText({ schema, type }: { readonly schema: string; readonly type: string }): string {
  return schema === '' ? bracketed(type) : `${bracketed(schema)}.${bracketed(type)}`;
}
