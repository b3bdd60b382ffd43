import { describe, expect, it } from '@jest/globals';
import type { Catalogue, CatalogueColumn, CatalogueRelation } from './catalogue.js';
import { diffCatalogues } from './diff.js';

const column = (name: string, type: string, notNull = false): CatalogueColumn => ({ name, number: 1, type, typeId: 1, notNull });
const table = (name: string, ...columns: CatalogueColumn[]): CatalogueRelation => ({
  id: 1,
  schema: 'public',
  name,
  kind: 'table',
  columns,
  parents: [],
  hasTriggers: false,
});
const catalogue = (...relations: CatalogueRelation[]): Catalogue => ({
  version: 1,
  serverVersion: 180004,
  database: 'd',
  schemas: new Set(['public']),
  routines: new Map(),
  relationsById: new Map(),
  relations: new Map(relations.map((relation) => [`public.${relation.name}`, relation])),
});

describe('diffCatalogues', () => {
  it('finds nothing between equal catalogues', () => {
    expect(diffCatalogues(catalogue(table('a', column('x', 'integer'))), catalogue(table('a', column('x', 'integer'))))).toEqual([]);
  });

  it('names relations and columns that came, went and changed', () => {
    const before = catalogue(table('a', column('x', 'integer'), column('gone', 'text')), table('old'));
    const after = catalogue(table('a', column('x', 'bigint'), column('risk', 'real')), table('new'));
    expect(diffCatalogues(before, after)).toEqual([
      { operation: 'changed', kind: 'column', name: 'public.a.x', detail: 'integer → bigint' },
      { operation: 'added', kind: 'column', name: 'public.a.risk', detail: 'real' },
      { operation: 'removed', kind: 'column', name: 'public.a.gone', detail: 'text' },
      { operation: 'added', kind: 'relation', name: 'public.new', detail: 'table' },
      { operation: 'removed', kind: 'relation', name: 'public.old', detail: 'table' },
    ]);
  });
});
