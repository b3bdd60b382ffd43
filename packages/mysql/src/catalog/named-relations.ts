import { joinName, splitName } from '@sqlwarden/core';
import type { CatalogueRelation, RelationName } from '@sqlwarden/core';
import type { Flavour } from '../sql/functions.js';

/** `seq_1_to_10`, `seq_1_to_10_step_2` (MariaDB, "Sequence Storage Engine"). */
const SEQUENCE_TABLE = /^seq_\d+_to_\d+(?:_step_\d+)?$/;

/**
 * The relations of a server by the names that texts may give them. Besides what is listed, the views of INFORMATION_SCHEMA are found in every
 * letter case, and in MariaDB so are tables of numbers, which there are in every schema as soon as somebody names one.
 */
export class NamedRelations extends Map<RelationName, CatalogueRelation> {
  readonly #flavour: Flavour;

  constructor(relations: ReadonlyMap<RelationName, CatalogueRelation>, flavour: Flavour) {
    super();
    for (const [name, relation] of relations) this.set(name, relation);
    this.#flavour = flavour;
  }

  override get(name: RelationName): CatalogueRelation | undefined {
    return super.get(name) ?? this.#unlisted(name);
  }

  override has(name: RelationName): boolean {
    return this.get(name) !== undefined;
  }

  #unlisted(full: RelationName): CatalogueRelation | undefined {
    const [schema, name, ...rest] = splitName(full);
    if (schema === undefined || name === undefined || rest.length > 0) return undefined;
    if (schema === 'information_schema') return super.get(joinName(schema, name.toLowerCase()));
    return this.#flavour === 'mariadb' && SEQUENCE_TABLE.test(name) ? sequenceTable(schema, name) : undefined;
  }
}

function sequenceTable(schema: string, name: string): CatalogueRelation {
  return {
    id: -1,
    schema,
    name,
    kind: 'table',
    columns: [{ name: 'seq', number: 1, type: 'bigint(20) unsigned', typeId: 8, notNull: true }],
    parents: [],
    hasTriggers: false,
  };
}
