import type { SqlserverLegitimate } from './sqlserver-case.js';
import type { Column, Result } from './sqlserver-client.js';
import { cellText } from './sqlserver-run.js';

/** A reply without what is masked or differs from run to run. The database's name is another one in the twin. */
export function tellSqlserver(reply: readonly Result[], one: SqlserverLegitimate, step: number, database: string): string[] {
  return reply.flatMap((result) => tell(result, one, step)).map((line) => line.replaceAll(database, 'database'));
}

function tell(result: Result, one: SqlserverLegitimate, step: number): string[] {
  switch (result.kind) {
    case 'rows': {
      const rows = result.rows.map((row) =>
        row.map((cell, index) => (leftOut(result.columns[index]?.name, one, step) ? '*' : cellText(cell))).join(' | '),
      );
      return [`columns ${result.columns.map(({ described }) => described).join(' ; ')}`, ...(one.unordered ? rows.sort() : rows)];
    }
    case 'count':
      return [`count ${result.count ?? 'none'}`];
    case 'status':
      return [`status ${String(result.value)}`];
    case 'output':
      return [`output ${result.name} ${leftOut(result.name, one, step) ? '*' : cellText(result.value)}`];
    case 'database':
      return [`database ${result.name}`];
    case 'info':
      return [`info ${result.number} ${result.message}`];
    // Texts of errors may be withheld.
    case 'error':
      if (WRONG_STATEMENT.includes(result.number)) return ['error of a wrong statement'];
      return [`error ${result.message.startsWith('sqlwarden') ? result.message : result.class}`];
  }
}

/** Syntax, columns and relations that are unknown: the gateway may say it first. The last is Babelfish's own, of what it has no number for. */
const WRONG_STATEMENT = [102, 207, 208, 33_557_097];

/** What was told directly, with the texts of messages that the gateway withholds, in whole or in their quotes, as the gateway told them. */
export function withheldAlike(direct: readonly string[], governed: readonly string[]): string[] {
  return direct.map((line, at) => {
    const other = governed[at] ?? '';
    const [own = '', its = ''] = [/^info \d+/.exec(line)?.[0], /^info \d+/.exec(other)?.[0]];
    return own !== '' && own === its && /withheld because|\*\*\*/.test(other) ? other : line;
  });
}

function leftOut(name: string | undefined, { masked, varies }: SqlserverLegitimate, step: number): boolean {
  return [...masked, ...varies].some((left) => left === name || left === `${step}:${name ?? ''}`);
}

/** Cells and outputs that are to be masked and came as they are without the gateway; there should be none. */
export function unmaskedSqlserver(
  governed: readonly Result[],
  direct: readonly Result[],
  one: SqlserverLegitimate,
  step: number,
): string[] {
  const isMasked = (name: string): boolean => one.masked.some((masked) => masked === name || masked === `${step}:${name}`);
  return direct.flatMap((result, at) => {
    const other = governed[at];
    if (result.kind === 'output' && other?.kind === 'output')
      return isMasked(result.name) && result.value !== null && other.value?.equals(result.value) === true ? [result.name] : [];
    if (result.kind !== 'rows' || other?.kind !== 'rows') return [];
    return result.rows.flatMap((row, line) => sameCells(row, other.rows[line], result.columns, isMasked));
  });
}

function sameCells(
  row: readonly (Buffer | null)[],
  other: readonly (Buffer | null)[] | undefined,
  columns: readonly Column[],
  isMasked: (name: string) => boolean,
): string[] {
  return columns.flatMap(({ name }, index) => {
    const cell = row[index];
    return isMasked(name) && cell !== null && cell !== undefined && other?.[index]?.equals(cell) === true ? [name] : [];
  });
}
