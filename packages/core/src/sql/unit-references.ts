import type { Catalogue, Reference } from '../catalog/catalogue.js';
import { isWriting } from '../catalog/references.js';
import type { RelationName } from './names.js';

/** The foreign keys that there are, with those that a unit has added. None is ever taken away: one that is dropped may be made again. */
export class UnitReferences {
  readonly #catalogue: Catalogue;
  readonly #added = new Map<RelationName, Reference[]>();
  /** What relations were called before, by the names that the unit has given them. */
  readonly #formerly = new Map<RelationName, RelationName>();

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  add(to: RelationName, reference: Reference): void {
    if (!isWriting(reference)) return;
    const known = this.#added.get(to) ?? [];
    if (known.some((each) => JSON.stringify(each) === JSON.stringify(reference))) return;
    this.#added.set(to, [...known, reference]);
  }

  rename(from: RelationName, to: RelationName): void {
    if (from !== to) this.#formerly.set(to, from);
  }

  /** Those that refer to a relation, by any name that it has had. */
  to(relation: RelationName): readonly Reference[] {
    const found: Reference[] = [];
    for (const name of this.#names(relation)) {
      found.push(...(this.#catalogue.relations.get(name)?.referencedBy ?? []), ...(this.#added.get(name) ?? []));
    }
    return this.#formerly.size === 0 ? found : found.flatMap((reference) => this.#renamed(reference));
  }

  #names(relation: RelationName): Set<RelationName> {
    const names = new Set<RelationName>();
    for (let name: RelationName | undefined = relation; name !== undefined && !names.has(name); name = this.#formerly.get(name)) {
      names.add(name);
    }
    return names;
  }

  /** A relation that may have another name by now is meant by both. */
  #renamed(reference: Reference): Reference[] {
    const later = [...this.#formerly.keys()].filter((name) => name !== reference.relation && this.#names(name).has(reference.relation));
    return [reference, ...later.map((relation) => ({ ...reference, relation }))];
  }
}
