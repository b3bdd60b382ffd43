import type { MeasuredStatement } from './statement-truth.js';

/** A statement of a file: one that is measured, or one that only makes what later ones need. */
export type ScriptStep =
  | { readonly kind: 'measured'; readonly statement: MeasuredStatement }
  | { readonly kind: 'run'; readonly sql: string };

/**
 * The statements of a regression file in order. Those in `measured` are found by their text; what stands between them is split at the ends of
 * lines that end a statement, outside of dollar quotes. psql's own commands and the rows of COPY are left out.
 */
export function scriptOf(text: string, measured: readonly MeasuredStatement[]): readonly ScriptStep[] {
  const script = withoutClientCommands(text);
  const steps: ScriptStep[] = [];
  let at = 0;
  for (const statement of measured) {
    const found = script.indexOf(statement.sql, at);
    if (found >= 0) {
      steps.push(...runSteps(script.slice(at, found)));
      at = found + statement.sql.length;
    }
    steps.push({ kind: 'measured', statement });
  }
  return [...steps, ...runSteps(script.slice(at))];
}

function runSteps(script: string): readonly ScriptStep[] {
  return splitStatements(script).map((sql) => ({ kind: 'run', sql }));
}

function withoutClientCommands(text: string): string {
  return text.replaceAll(/^(copy\b[^;]*\bfrom\s+stdin\b[^;]*;).*\n(?:.*\n)*?\\\.$/gim, '$1').replaceAll(/^\\.*$/gm, '');
}

/** The statements of a script, split where a line ends with a semicolon outside of dollar quotes. */
export function splitStatements(script: string): readonly string[] {
  const statements: string[] = [];
  let sql = '';
  const flush = (): void => {
    if (/[^\s;]/.test(sql)) statements.push(sql);
    sql = '';
  };
  for (const line of withoutClientCommands(script).split('\n')) {
    sql += `${line}\n`;
    if (/;\s*(?:--.*)?$/.test(line) && sql.split('$$').length % 2 === 1) flush();
  }
  flush();
  return statements;
}
