import type { RelationName } from '../sql/names.js';
import type { CatalogueRelation, Reference } from './catalogue.js';

/** A foreign key that refers to the relation `to`. */
export interface ReferenceTo {
  readonly to: RelationName;
  readonly reference: Reference;
}

/** Writing the relation that it refers to writes the one that it is of. */
export function isWriting({ onDelete, onUpdate }: Pick<Reference, 'onDelete' | 'onUpdate'>): boolean {
  return onDelete !== 'restrict' || onUpdate !== 'restrict';
}

/** The relations, each with those of the references to it that write. References to relations that are not there are passed over. */
export function withReferences(
  relations: ReadonlyMap<RelationName, CatalogueRelation>,
  references: readonly ReferenceTo[],
): Map<RelationName, CatalogueRelation> {
  const all = new Map(relations);
  for (const { to, reference } of references) {
    const relation = all.get(to);
    if (relation === undefined || !isWriting(reference)) continue;
    all.set(to, { ...relation, referencedBy: [...(relation.referencedBy ?? []), reference] });
  }
  return all;
}
