import type { ScriptStep } from './file-script.js';
import type { MeasuredStatement } from './statement-truth.js';

/** Words that begin a command of the mysqltest client (MariaDB Knowledge Base "New Features for mysqltest"), which is no SQL. */
const CLIENT_COMMANDS =
  /^(?:--|#|let\b|eval\b|source\b|connect\b|connection\b|disconnect\b|disable_|enable_|echo\b|error\b|while\b|if\b|inc\b|dec\b|sleep\b|real_sleep\b|send\b|reap\b|perl\b|exec\b|system\b|die\b|exit\b|skip\b|save_|restore_|replace_|sorted_|horizontal_|vertical_|query_|ping\b|dirty_|change_user\b|cat_file\b|remove_file\b|write_file\b|append_file\b|copy_file\b|mkdir\b|rmdir\b|list_files|shutdown_server\b|lowercase_result\b|result_format\b|\{|\})/i;

/**
 * The statements of a mysqltest file in order: those in `measured` are found by their text; what stands between them is split at the delimiter,
 * without the commands of the client.
 */
export function mysqltestScript(text: string, measured: readonly MeasuredStatement[]): readonly ScriptStep[] {
  const steps: ScriptStep[] = [];
  let at = 0;
  let delimiter = ';';
  const between = (part: string): void => {
    const split = splitByDelimiter(part, delimiter);
    delimiter = split.delimiter;
    for (const sql of split.statements) steps.push({ kind: 'run', sql });
  };
  for (const statement of measured) {
    const found = text.indexOf(statement.sql, at);
    if (found >= 0) {
      between(text.slice(at, found));
      at = found + statement.sql.length;
    }
    steps.push({ kind: 'measured', statement });
  }
  between(text.slice(at));
  return steps;
}

function splitByDelimiter(part: string, before: string): { readonly statements: readonly string[]; readonly delimiter: string } {
  const statements: string[] = [];
  let delimiter = before;
  let sql = '';
  const flush = (): void => {
    if (/\w/.test(sql)) statements.push(sql.trim());
    sql = '';
  };
  for (const line of part.split('\n')) {
    const changed = /^\s*(?:--\s*)?delimiter\s+(\S+)/i.exec(line)?.[1];
    if (changed !== undefined) {
      flush();
      // `delimiter |;` ends with the delimiter that it replaces.
      delimiter = changed.length > delimiter.length && changed.endsWith(delimiter) ? changed.slice(0, -delimiter.length) : changed;
    } else if (sql === '' && CLIENT_COMMANDS.test(line.trim())) {
      sql = '';
    } else {
      for (const [index, piece] of line.split(delimiter).entries()) {
        if (index > 0) flush();
        sql += sql === '' ? piece : `\n${piece}`;
      }
    }
  }
  flush();
  return { statements, delimiter };
}
