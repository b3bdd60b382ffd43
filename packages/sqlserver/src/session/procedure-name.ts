/** The name of a procedure as an RPC Request has it: up to four parts, and the number behind `;` in a group of procedures. */
export interface ProcedureName {
  /** From the left, as they are without their quotes; empty where a part is left out (`db..p`). */
  readonly parts: readonly string[];
  readonly number: number | undefined;
}

// A part in brackets, in double quotes, or bare: none of what could make the name something else than a name.
const PART = /\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"|[\p{L}\p{N}_@#$]*/uy;
const NUMBER = /^;(\d{1,5})$/;
const MAX_PARTS = 4;

/** Reads the name; `undefined` when it is none ("Database Identifiers"). Linear time. */
export function procedureName(text: string): ProcedureName | undefined {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    PART.lastIndex = at;
    const part = PART.exec(text)?.[0] ?? '';
    parts.push(bare(part));
    at += part.length;
    if (text[at] !== '.') break;
    at += 1;
  }
  const rest = text.slice(at).trim();
  const number = rest === '' ? undefined : NUMBER.exec(rest)?.[1];
  if ((rest !== '' && number === undefined) || parts.length > MAX_PARTS || parts.at(-1) === '') return undefined;
  return { parts, number: number === undefined ? undefined : Number(number) };
}

function bare(part: string): string {
  if (part.startsWith('[')) return part.slice(1, -1).replaceAll(']]', ']');
  if (part.startsWith('"')) return part.slice(1, -1).replaceAll('""', '"');
  return part;
}

/** The name in a statement. */
export function quotedName({ parts, number }: ProcedureName): string {
  const name = parts.map((part) => (part === '' ? '' : bracketed(part))).join('.');
  return number === undefined ? name : `${name};${number}`;
}

/** As a name in a statement ("Delimited Identifiers"). */
export function bracketed(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

/** The name in lower case when the server's own procedure is meant: it stands in `sys` of every database and is found before those of users. */
export function systemProcedure({ parts, number }: ProcedureName): string | undefined {
  const schema = parts.at(-2)?.toLowerCase() ?? '';
  if (parts.length > 2 || number !== undefined || (schema !== '' && schema !== 'sys' && schema !== 'dbo')) return undefined;
  return parts.at(-1)?.toLowerCase();
}
