import type { MysqlLegitimate } from './mysql-case.js';
import type { Column, Result } from './reply-reader.js';

/** A reply without the columns that are masked or that differ from run to run. The database's name is another one in the twin. */
export function tellMysql(reply: readonly Result[], one: MysqlLegitimate, step: number, database: string): string[] {
  return reply.flatMap((result) => tell(result, one, step)).map((line) => line.replaceAll(database, 'database'));
}

function tell(result: Result, one: MysqlLegitimate, step: number): string[] {
  switch (result.kind) {
    case 'rows': {
      const rows = result.rows.map((row) =>
        row.map((cell, index) => (leftOut(result.columns[index], one, step) ? '*' : cell === null ? 'null' : printable(cell))).join(' | '),
      );
      return [
        `columns ${result.columns.map(({ described }) => described).join(' ; ')}`,
        ...(one.unordered ? rows.sort() : rows),
        `status ${result.status}`,
      ];
    }
    case 'ok':
      return [`ok ${result.affected} ${result.insertId} ${result.status}`];
    // Texts of errors may be withheld; their numbers stay.
    case 'error':
      return [`error ${result.number} ${result.sqlState} ${SAME_IN_BOTH.includes(result.number) ? '' : refusalOf(result.message)}`];
  }
}

/** What the server would say too; the gateway may say it first. */
const SAME_IN_BOTH = [1054, 1064, 1146];

/** Why the gateway refused, so that a difference explains itself; the direct run has none of it. */
function refusalOf(message: string): string {
  return message.startsWith('sqlwarden') ? message : '';
}

function leftOut(column: Column | undefined, { masked, varies }: MysqlLegitimate, step: number): boolean {
  return [...masked, ...varies].some((name) => name === column?.name || name === `${step}:${column?.name ?? ''}`);
}

function printable(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // oxlint-disable-next-line no-control-regex
  return /^[^\u0000-\u0008\u000e-\u001f\ufffd]*$/.test(text) ? text : bytes.toString('hex');
}

/** Cells of masked columns that are as they are without the gateway; there should be none. */
export function unmaskedMysql(governed: readonly Result[], direct: readonly Result[], one: MysqlLegitimate, step: number): string[] {
  return direct.flatMap((result, at) => {
    const other = governed[at];
    if (result.kind !== 'rows' || other?.kind !== 'rows') return [];
    return result.rows.flatMap((row, line) =>
      result.columns.flatMap(({ name }, index) => {
        const cell = row[index];
        const isMasked = one.masked.some((masked) => masked === name || masked === `${step}:${name}`);
        return isMasked && cell !== null && cell !== undefined && other.rows[line]?.[index]?.equals(cell) === true ? [name] : [];
      }),
    );
  });
}
