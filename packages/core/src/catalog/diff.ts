import { joinName } from '../sql/names.js';
import type { Catalogue, CatalogueRelation } from './catalogue.js';

/** One difference between two snapshots of a database's schema. */
export interface CatalogueChange {
  readonly operation: 'added' | 'removed' | 'changed';
  readonly kind: 'relation' | 'column' | 'routine';
  readonly name: string;
  /** What it is now, or how it changed: `integer`, `integer → bigint`. */
  readonly detail?: string;
}

/** What differs between two snapshots, relations first; system schemas are left out. */
export function diffCatalogues(before: Catalogue, after: Catalogue): CatalogueChange[] {
  const changes: CatalogueChange[] = [];
  for (const [name, relation] of after.relations) {
    const old = before.relations.get(name);
    if (old === relation || relation.kind === 'system') continue;
    if (old === undefined) changes.push({ operation: 'added', kind: 'relation', name, detail: relation.kind });
    else diffColumns(name, old, relation, changes);
  }
  for (const [name, relation] of before.relations) {
    if (relation.kind !== 'system' && !after.relations.has(name))
      changes.push({ operation: 'removed', kind: 'relation', name, detail: relation.kind });
  }
  diffRoutines(before, after, changes);
  return changes;
}

function diffColumns(relation: string, before: CatalogueRelation, after: CatalogueRelation, changes: CatalogueChange[]): void {
  if (before.definition !== after.definition)
    changes.push({ operation: 'changed', kind: 'relation', name: relation, detail: 'definition' });
  const old = new Map(before.columns.map((column) => [column.name, column]));
  for (const column of after.columns) {
    const name = `${relation}.${joinName(column.name)}`;
    const was = old.get(column.name);
    old.delete(column.name);
    if (was === undefined) changes.push({ operation: 'added', kind: 'column', name, detail: column.type });
    else if (was.type !== column.type) changes.push({ operation: 'changed', kind: 'column', name, detail: `${was.type} → ${column.type}` });
    else if (was.notNull !== column.notNull)
      changes.push({ operation: 'changed', kind: 'column', name, detail: column.notNull ? 'not null' : 'null allowed' });
  }
  for (const column of old.values())
    changes.push({ operation: 'removed', kind: 'column', name: `${relation}.${joinName(column.name)}`, detail: column.type });
}

function diffRoutines(before: Catalogue, after: Catalogue, changes: CatalogueChange[]): void {
  for (const [name, routines] of after.routines) {
    const old = before.routines.get(name);
    if (old === routines || routines.every((routine) => routine.origin === 'system')) continue;
    if (old === undefined) changes.push({ operation: 'added', kind: 'routine', name });
    else if (JSON.stringify(old) !== JSON.stringify(routines)) changes.push({ operation: 'changed', kind: 'routine', name });
  }
  for (const [name, routines] of before.routines) {
    if (!after.routines.has(name) && !routines.every((routine) => routine.origin === 'system'))
      changes.push({ operation: 'removed', kind: 'routine', name });
  }
}
