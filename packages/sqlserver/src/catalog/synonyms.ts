import { joinName } from '@sqlwarden/core';
import type { CatalogueRelation, NameParts, Query } from '@sqlwarden/core';

/** What the synonyms of a database stand for. */
interface Synonyms {
  readonly relations: ReadonlyMap<string, CatalogueRelation>;
  readonly views: ReadonlyMap<string, Query>;
  readonly routines: ReadonlyMap<string, string>;
}

export interface Synonym {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** `undefined` when it was not understood. */
  readonly base: NameParts | undefined;
}

/**
 * A synonym of a relation is a view of all of it, so that what is said of the relation holds for the synonym; one of what is elsewhere, or not
 * there, is a view without a definition, which is opaque. `defaultSchema` is where a base without a schema is looked for first.
 */
export function resolveSynonyms(
  synonyms: readonly Synonym[],
  database: string,
  defaultSchema: string,
  relations: ReadonlyMap<string, CatalogueRelation>,
  isRoutine: (name: string) => boolean,
): Synonyms {
  const own = new Map<string, CatalogueRelation>();
  const views = new Map<string, Query>();
  const routines = new Map<string, string>();
  for (const synonym of synonyms) {
    const full = joinName(synonym.schema, synonym.name);
    const names = candidates(synonym.base, database, defaultSchema);
    const routine = names.find(isRoutine);
    const base = names.find((name) => relations.has(name));
    if (base === undefined && routine !== undefined) {
      routines.set(full, routine);
      continue;
    }
    const relation = base === undefined ? undefined : relations.get(base);
    const { id, schema, name } = synonym;
    own.set(full, {
      id,
      schema,
      name,
      kind: 'view',
      columns: relation?.columns ?? [],
      parents: [],
      hasTriggers: relation?.hasTriggers ?? false,
    });
    if (relation !== undefined) views.set(full, wholeOf(relation));
  }
  return { relations: own, views, routines };
}

/** The full names that a base may stand for; none in another database. */
function candidates(base: NameParts | undefined, database: string, defaultSchema: string): string[] {
  if (base === undefined || base.length > 3) return [];
  const [own = '', schema = '', other = ''] = base.toReversed();
  if (other !== '' && other !== database) return [];
  return (schema === '' ? [defaultSchema, 'dbo', 'sys'] : [schema]).map((part) => joinName(part, own));
}

/** Every column by name: `*` would leave out the hidden ones. */
function wholeOf({ schema, name, columns }: CatalogueRelation): Query {
  return {
    kind: 'query',
    body: {
      kind: 'select',
      items: columns.map((column) => ({ expression: { kind: 'column', qualifier: [], name: column.name }, name: column.name })),
      from: [{ kind: 'relation', name: [schema, name], only: false }],
      groupBy: [],
      windows: [],
    },
    orderBy: [],
    locks: [],
  };
}
