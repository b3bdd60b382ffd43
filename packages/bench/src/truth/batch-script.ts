import type { MeasuredStatement } from './statement-truth.js';

/** A batch of a script; `id` when it is measured. */
export interface Batch {
  readonly id?: string;
  readonly sql: string;
}

/**
 * The batches of a T-SQL script, which lines of GO part. Those in `measured` are known by their text; any that the script does not have follow
 * it. Parts of a mixed script that are meant for another language (`-- psql`) are left out.
 */
export function batchesOf(script: string, measured: readonly MeasuredStatement[]): readonly Batch[] {
  const left = new Map(measured.map(({ id, sql }) => [sql.trim(), id]));
  const batches: Batch[] = [];
  let isTsql = true;
  for (const part of script.split(/^[ \t]*go[ \t]*;?[ \t]*\r?$/im)) {
    const sql = part.trim();
    const language = /^--[ \t]*(psql|tsql)\b/im.exec(sql)?.[1];
    if (language !== undefined) isTsql = language.toLowerCase() === 'tsql';
    const id = left.get(sql);
    if (id !== undefined) {
      left.delete(sql);
      batches.push({ id, sql });
    } else if (isTsql && sql !== '') batches.push({ sql });
  }
  return [...batches, ...[...left].map(([sql, id]) => ({ id, sql }))];
}
