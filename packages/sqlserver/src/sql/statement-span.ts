import type { Span, Statement } from '@sqlwarden/core';

/** The same statement, as if it and all inside stood at another place: that of the constant which it was parsed from. */
export function withSpan(statement: Statement, span: Span): Statement {
  const all = (statements: readonly Statement[]): Statement[] => statements.map((inner) => withSpan(inner, span));
  switch (statement.kind) {
    case 'sequence':
      return { ...statement, span, statements: all(statement.statements) };
    case 'block':
      return { ...statement, span, statements: all(statement.statements), handlers: all(statement.handlers) };
    case 'loop':
      return { ...statement, span, statements: all(statement.statements) };
    case 'if':
      return { ...statement, span, branches: statement.branches.map((branch) => ({ ...branch, statements: all(branch.statements) })) };
    case 'dynamic':
      return { ...statement, span, statements: statement.statements === undefined ? undefined : all(statement.statements) };
    case 'create-routine':
      return { ...statement, span, body: statement.body === undefined ? undefined : all(statement.body) };
    case 'create-trigger':
      return { ...statement, span, ...(statement.body !== undefined && { body: all(statement.body) }) };
    case 'insert':
      return statement.source.kind === 'statement'
        ? { ...statement, span, source: { kind: 'statement', statement: withSpan(statement.source.statement, span) } }
        : { ...statement, span };
    default:
      return { ...statement, span };
  }
}
