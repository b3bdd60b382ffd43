import { describe, expect, it } from '@jest/globals';
import type { Catalogue, CatalogueRelation } from '../catalog/catalogue.js';
import type { OriginKind, OutputColumn } from '../sql/facts.js';
import { joinName } from '../sql/names.js';
import { compilePolicy } from './compile.js';
import type { ClassifySource } from './document.js';
import { labelsOf, protectionFor } from './protection.js';

const compile = (...classify: readonly ClassifySource[]) =>
  compilePolicy([{ file: 'p.yaml', version: 1, classify }], { compilePattern: () => ({ test: () => false, replaceAll: (text) => text }) });

let ids = 0;
function relation(name: string, columns: readonly string[], more: Partial<CatalogueRelation> = {}): CatalogueRelation {
  const numbered = columns.map((column, at) => ({ name: column, number: at + 1, type: 'text', typeId: 25, notNull: false }));
  return { id: (ids += 1), schema: 'public', name, kind: 'table', columns: numbered, parents: [], hasTriggers: false, ...more };
}
function catalogueOf(...relations: readonly CatalogueRelation[]): Catalogue {
  return {
    version: 1,
    serverVersion: 180_004,
    database: 'crm',
    relations: new Map(relations.map((each) => [joinName(each.schema, each.name), each])),
    relationsById: new Map(relations.map((each) => [each.id, each])),
    routines: new Map(),
    schemas: new Set(['public']),
  };
}
const output = (...origins: readonly (readonly [string, OriginKind])[]): OutputColumn => ({
  name: '?',
  opaque: false,
  origins: origins.map(([column, how]) => ({ column, how })),
});

/** `column: label how, label how` for every column with labels. */
function labelled(
  classify: readonly ClassifySource[],
  relations: readonly CatalogueRelation[],
  views: Readonly<Record<string, readonly OutputColumn[] | 'unknown'>> = {},
) {
  const { columns } = protectionFor(compile(...classify), 'crm', catalogueOf(...relations), (name) => views[name]);
  return Object.fromEntries([...columns].map(([column, labels]) => [column, labels.map(({ label, how }) => `${label} ${how}`).join(', ')]));
}
const SSN: ClassifySource = { label: 'ssn', columns: 'crm.public.people.ssn' };

describe('protectionFor', () => {
  const people = relation('people', ['id', 'ssn', 'Mail']);
  it('labels the columns that patterns match, several labels on one', () => {
    const classify = [
      SSN,
      { label: 'pii', columns: ['crm.*.people.s*', 'crm.public.*.mail'] },
      { label: 'other', columns: 'billing.*.*.*' },
    ];
    expect(labelled(classify, [people])).toEqual({ 'public.people.ssn': 'pii same, ssn same', 'public.people."Mail"': 'pii same' });
  });

  it('labels the system only where the schema is written out', () => {
    const system = relation('pg_authid', ['rolname', 'rolpassword'], { schema: 'pg_catalog', kind: 'system' });
    expect(labelled([{ label: 'a', columns: 'crm.*.*.rol*' }], [system])).toEqual({});
    expect(labelled([{ label: 'a', columns: 'crm.pg_catalog.*.rolpassword' }], [system])).toEqual({
      'pg_catalog.pg_authid.rolpassword': 'a same',
    });
  });

  it.each(['index', 'sequence', 'composite'] as const)('labels nothing of kind %s', (kind) => {
    expect(labelled([{ label: 'a', columns: 'crm.*.*.*' }], [relation('x', ['a'], { kind })])).toEqual({});
  });

  it('carries labels down to partitions of partitions, and up from them', () => {
    const tree = [
      relation('people', ['id', 'ssn'], { kind: 'partitioned' }),
      relation('people_eu', ['id', 'ssn'], { kind: 'partitioned', parents: ['public.people'] }),
      relation('people_de', ['id', 'ssn', 'extra'], { parents: ['public.people_eu'] }),
      relation('people_us', ['id', 'ssn'], { parents: ['public.people'] }),
    ];
    const all = {
      'public.people.ssn': 'ssn same',
      'public.people_eu.ssn': 'ssn same',
      'public.people_de.ssn': 'ssn same',
      'public.people_us.ssn': 'ssn same',
    };
    expect(labelled([SSN], tree)).toEqual(all);
    expect(labelled([{ label: 'ssn', columns: 'crm.public.people_de.ssn' }], tree)).toEqual(all);
    expect(labelled([SSN], [...tree].reverse())).toEqual(all);
  });

  it.each(['view', 'materialized-view'] as const)('labels a %s by what its columns derive from', (kind) => {
    const view = relation('v', ['number', 'masked', 'n', 'id'], { kind, definition: 'select …' });
    const outputs = [
      output(['public.people.ssn', 'same']),
      output(['public.people.ssn', 'derived'], ['public.people.id', 'derived']),
      output(['public.people.ssn', 'counted']),
      output(['public.people.id', 'same']),
    ];
    expect(labelled([SSN], [people, view], { 'public.v': outputs })).toEqual({
      'public.people.ssn': 'ssn same',
      'public.v.number': 'ssn same',
      'public.v.masked': 'ssn derived',
    });
  });

  it('keeps what was derived derived, through views of views in any order', () => {
    const first = relation('a', ['x'], { kind: 'materialized-view' });
    const second = relation('b', ['y'], { kind: 'view' });
    const views = { 'public.a': [output(['public.people.ssn', 'derived'])], 'public.b': [output(['public.a.x', 'same'])] };
    expect(labelled([SSN], [second, first, people], views)['public.b.y']).toBe('ssn derived');
  });

  it('labels the base columns behind a view whose own column a pattern names', () => {
    const view = relation('v', ['tax_number', 'n'], { kind: 'view' });
    const views = { 'public.v': [output(['public.people.id', 'same']), output(['public.people.ssn', 'counted'])] };
    expect(labelled([{ label: 'tax', columns: ['crm.public.v.tax_number', 'crm.public.v.n'] }], [people, view], views)).toEqual({
      'public.people.id': 'tax same',
      'public.v.tax_number': 'tax same',
      'public.v.n': 'tax same',
    });
  });

  it('does not push a label that a view got by derivation down to other columns', () => {
    const view = relation('v', ['both'], { kind: 'view' });
    const views = { 'public.v': [output(['public.people.ssn', 'derived'], ['public.people.id', 'derived'])] };
    expect(labelled([SSN], [people, view], views)['public.people.id']).toBeUndefined();
  });

  it.each<[string, readonly OutputColumn[] | 'unknown' | undefined]>([
    ['unknown', 'unknown'],
    ['missing', undefined],
    ['of another number', [output(['public.people.id', 'same'])]],
  ])('labels a view by its own patterns alone when its outputs are %s', (_, outputs) => {
    const view = relation('v', ['ssn', 'other'], { kind: 'view' });
    const classify = [SSN, { label: 'v', columns: 'crm.public.v.ssn' }];
    expect(labelled(classify, [people, view], outputs === undefined ? {} : { 'public.v': outputs })).toEqual({
      'public.people.ssn': 'ssn same',
      'public.v.ssn': 'v same',
    });
  });

  it('follows a rename by being worked out again', () => {
    expect(labelled([SSN], [relation('people', ['id', 'social'])])).toEqual({});
  });

  it('does not need long for a large schema', () => {
    const relations = Array.from({ length: 5000 }, (_, at) =>
      relation(`t${at}`, ['id', 'email', 'name', 'ssn', 'a', 'b', 'c', 'd', 'e', 'f']),
    );
    const classify = Array.from({ length: 20 }, (_, at) => ({
      label: `l${at}`,
      columns: [`crm.*.t${at}*.email`, `crm.public.*.*x${at}*`],
    }));
    const started = performance.now();
    expect(Object.keys(labelled(classify, relations)).length).toBeGreaterThan(4000);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe('labelsOf', () => {
  const policy = compile({ label: 'mail', columns: 'crm.*.*.email' });
  const system = relation('pg_x', ['a'], { schema: 'pg_catalog', kind: 'system' });
  const protection = protectionFor(policy, 'crm', catalogueOf(relation('people', ['id', 'email']), system), () => undefined);
  it.each<[string, number]>([
    ['public.people.email', 1],
    ['public.people.id', 0],
    ['public.fresh.email', 1],
    ['public.fresh.id', 0],
    ['pg_catalog.pg_x.email', 0],
  ])('%s has %d', (column, count) => {
    expect(labelsOf(policy, protection, column)).toHaveLength(count);
  });
  it('sees a column that was added to a relation since', () => {
    const before = protectionFor(policy, 'crm', catalogueOf(relation('people', ['id'])), () => undefined);
    expect(labelsOf(policy, before, 'public.people.email')).toEqual([{ label: 'mail', how: 'same' }]);
  });
});
