import type { Reference } from '../../catalog/catalogue.js';
import { type ColumnName, joinName, type RelationName, splitName } from '../names.js';
import type { TriggerEvent } from '../statement.js';
import type { Resolver } from './context.js';
import { NO_OUTPUTS, NOTHING, type Value } from './value.js';

/** What foreign keys of other relations write when rows that they refer to are deleted, or get another key. */

/** Rows of a relation are deleted, or a column of them is given a value. */
export type RowChange =
  | { readonly kind: 'delete'; readonly relation: RelationName }
  | { readonly kind: 'update'; readonly column: ColumnName; readonly value: Value };

export function followReferences(r: Resolver, changes: readonly RowChange[]): void {
  const waiting = [...changes];
  const seen = new Set<string>();
  for (let change = waiting.pop(); change !== undefined; change = waiting.pop()) {
    const key = change.kind === 'delete' ? change.relation : change.column;
    if (seen.has(`${change.kind} ${key}`)) continue;
    seen.add(`${change.kind} ${key}`);
    r.spend(1);
    waiting.push(...(change.kind === 'delete' ? afterDelete(r, change.relation) : afterUpdate(r, change.column, change.value)));
  }
}

function afterDelete(r: Resolver, relation: RelationName): RowChange[] {
  return r.programs.references(relation).flatMap((reference): RowChange[] => {
    if (reference.onDelete === 'restrict') return [];
    if (reference.onDelete !== 'cascade') return updated(r, reference, reference.columns, NOTHING);
    written(r, reference, 'delete');
    return [{ kind: 'delete', relation: reference.relation }];
  });
}

function afterUpdate(r: Resolver, column: ColumnName, value: Value): RowChange[] {
  const parts = splitName(column);
  return r.programs.references(joinName(...parts.slice(0, -1))).flatMap((reference) => {
    const at = reference.referenced.indexOf(parts.at(-1) ?? '');
    const isKey = at >= 0 || reference.referenced.length === 0;
    if (reference.onUpdate === 'restrict' || !isKey) return [];
    if (reference.onUpdate !== 'cascade') return updated(r, reference, reference.columns, NOTHING);
    return updated(r, reference, at < 0 ? reference.columns : reference.columns.slice(at, at + 1), value);
  });
}

/** Columns of the referring rows are given a value; a constant leaves no trace. */
function updated(r: Resolver, reference: Reference, columns: readonly string[], value: Value): RowChange[] {
  written(r, reference, 'update');
  return columns.map((name) => {
    const column = `${reference.relation}.${joinName(name)}`;
    r.effects.useColumn(column, 'write-target');
    r.effects.flow(value, { kind: 'column', column });
    return { kind: 'update', column, value };
  });
}

function written(r: Resolver, { relation }: Reference, event: TriggerEvent & ('delete' | 'update')): void {
  r.effects.writes.add(relation);
  r.effects.firedActions.add(event);
  const rows = r.relation(splitName(relation))?.outputs ?? NO_OUTPUTS;
  r.programs.triggers(r, relation, { old: rows, new: rows }, [event]);
}
