import type { Expression, Statement, StatementFacts } from '@sqlwarden/core';

const SETTINGS = 'pg_catalog.pg_settings';

/**
 * `SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'y'`, as `pg_dump` and others set what a server may not have: only `y` is set.
 * `undefined` for every other statement.
 */
export function settingOfRow(statement: Statement, { reads, routines }: StatementFacts): string | undefined {
  if (statement.kind !== 'select' || statement.query.body.kind !== 'select') return undefined;
  const { items, from, where } = statement.query.body;
  const [item, another] = items;
  const [relation, joined] = from;
  if (another !== undefined || joined !== undefined || relation?.kind !== 'relation' || statement.query.with !== undefined)
    return undefined;
  // INVARIANT: the relation is the server's own, which shows no setting under the name of another; so is the function, which runs once a row.
  if (reads.join() !== SETTINGS || routines.some(({ name }) => name !== 'pg_catalog.set_config')) return undefined;
  const call = item?.expression;
  if (call?.kind !== 'call' || call.arguments.some(({ name }) => name !== undefined) || !isName(call.arguments[0]?.expression))
    return undefined;
  if (call.arguments.slice(1).some(({ expression }) => expression.kind !== 'literal')) return undefined;
  if (where?.kind !== 'comparison' || where.test !== 'equal' || !isName(where.left)) return undefined;
  const { right } = where;
  return right.kind === 'literal' && typeof right.value === 'string' ? right.value.toLowerCase() : undefined;
}

function isName(expression: Expression | undefined): boolean {
  return expression?.kind === 'column' && expression.name === 'name' && expression.qualifier.length === 0;
}
