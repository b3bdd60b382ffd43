/** What oracles and we say of a unit, in the same words, so that it can be compared. */

export type SummaryKind = 'select' | 'insert' | 'update' | 'delete' | 'merge' | 'truncate' | 'other';

/** One statement as a reader of some tree found it; names are as written, in parts. */
export interface FoundStatement {
  readonly kind: SummaryKind;
  /** Relations that stand in FROM clauses and the like, with the alias. Common tables may be among them. */
  readonly relations: readonly { readonly name: readonly string[]; readonly alias?: string }[];
  /** What is written, by name or alias; `undefined` where the tree does not say. */
  readonly targets: readonly (readonly string[])[] | undefined;
  readonly commonTables: readonly string[];
  /** Of UPDATE and DELETE only. */
  readonly hasWhere?: boolean;
}

export interface StatementSummary {
  readonly kind: SummaryKind;
  /** Lower case, parts joined by dots, sorted; read and written ones. */
  readonly relations: readonly string[];
  readonly writes: readonly string[] | undefined;
  readonly hasWhere?: boolean;
}

/** Brings what was found to one form: common tables are no relations, an alias as a target stands for its relation. */
export function summarise(found: FoundStatement): StatementSummary {
  const commonTables = new Set(found.commonTables.map((name) => name.toLowerCase()));
  // INSERT and MERGE name their target itself; what follows may use the name for something else.
  const aliased = found.kind === 'update' || found.kind === 'delete' ? found.relations : [];
  const byAlias = new Map(
    aliased.flatMap(({ name, alias }) => (alias === undefined ? [] : [[alias.toLowerCase(), joined(name)] as const])),
  );
  const isRelation = (name: string): boolean => !commonTables.has(name) && name !== '';
  const targets = found.targets?.map((target) => byAlias.get(joined(target)) ?? joined(target)).filter(isRelation);
  const relations = found.relations.map(({ name }) => joined(name)).filter(isRelation);
  // A target that is also a FROM item by its own alias is listed by tree readers as a relation of that name.
  const known = relations.filter((name) => (byAlias.get(name) ?? name) === name);
  return {
    kind: found.kind,
    relations: sortedSet([...known, ...(targets ?? [])]),
    writes: targets === undefined ? undefined : sortedSet(targets),
    ...(found.hasWhere === undefined ? {} : { hasWhere: found.hasWhere }),
  };
}

function joined(name: readonly string[]): string {
  return name
    .filter((part) => part !== '')
    .join('.')
    .toLowerCase();
}

function sortedSet(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
