import { splitName } from '@sqlwarden/core';
import type { CatalogueRelation, RelationName } from '@sqlwarden/core';
import type { Flavour } from '../sql/functions.js';

/** `seq_1_to_10`, `seq_1_to_10_step_2` (MariaDB, "Sequence Storage Engine"). */
const SEQUENCE_TABLE = /^seq_\d+_to_\d+(?:_step_\d+)?$/;

/** The relations, and in MariaDB the tables of numbers that there are in every schema as soon as somebody names one. */
export function withSequences(
  relations: ReadonlyMap<RelationName, CatalogueRelation>,
  flavour: Flavour,
): ReadonlyMap<RelationName, CatalogueRelation> {
  return flavour === 'mariadb' ? new RelationsAndSequences(relations) : relations;
}

/** A table of numbers is found, but not among those that are listed; one that is really there wins. */
class RelationsAndSequences extends Map<RelationName, CatalogueRelation> {
  override get(name: RelationName): CatalogueRelation | undefined {
    return super.get(name) ?? sequenceTable(name);
  }

  override has(name: RelationName): boolean {
    return super.has(name) || sequenceTable(name) !== undefined;
  }
}

function sequenceTable(full: RelationName): CatalogueRelation | undefined {
  if (!full.includes('seq_')) return undefined;
  const [schema, name, ...rest] = splitName(full);
  if (schema === undefined || name === undefined || rest.length > 0 || !SEQUENCE_TABLE.test(name)) return undefined;
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
