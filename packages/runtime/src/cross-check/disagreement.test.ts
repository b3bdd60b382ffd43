import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import type { Catalogue, CatalogueRelation, StatementFacts } from '@sqlwarden/core';
import { disagreement } from './disagreement.js';
import { type ParserReading, readingOf } from './parser-reading.js';

const { Parser } = createRequire(import.meta.url)('node-sql-parser/build/postgresql') as {
  readonly Parser: new () => { parse(text: string): Parameters<typeof readingOf>[0] };
};
const read = (text: string): ParserReading => readingOf(new Parser().parse(text));

const relation = (name: string, more: Partial<CatalogueRelation> = {}): CatalogueRelation => ({
  id: 1,
  schema: 'public',
  name,
  kind: 'table',
  columns: [],
  parents: [],
  hasTriggers: false,
  ...more,
});
const catalogue: Catalogue = {
  version: 1,
  serverVersion: 180_000,
  database: 'crm',
  relations: new Map(
    [relation('t'), relation('u'), relation('secret'), relation('v', { kind: 'view' }), relation('w', { hasTriggers: true })].map((one) => [
      `public.${one.name}`,
      one,
    ]),
  ),
  relationsById: new Map(),
  routines: new Map(),
  schemas: new Set(['public']),
};

const facts = (more: Partial<StatementFacts>): StatementFacts => ({
  action: 'select',
  class: 'read',
  span: { start: 0, end: 0 },
  reads: [],
  writes: [],
  columns: [],
  outputs: undefined,
  routines: [],
  filter: 'absent',
  limit: null,
  opaque: [],
  flows: [],
  locks: false,
  schemaChanges: [],
  stateEffect: 'none',
  elevated: false,
  ...more,
});
const found = (text: string, ...statements: Partial<StatementFacts>[]): string | undefined =>
  disagreement({ statements: statements.map(facts) }, read(text), catalogue);

describe('disagreement', () => {
  it.each([
    ['a query', 'select a from t', facts({ reads: ['public.t'] })],
    ['names in other letter case and with a schema', 'select a from Public.T', facts({ reads: ['public.t'] })],
    ['a common table', 'with x as (select a from t) select a from x', facts({ reads: ['public.t'] })],
    ['a view, with what is behind it', 'select a from v', facts({ reads: ['public.v', 'public.secret'] })],
    [
      'an insert that is read back',
      'insert into t values (1) returning a',
      facts({ action: 'insert', reads: ['public.t'], writes: ['public.t'] }),
    ],
    [
      'a write with a trigger that writes elsewhere',
      'insert into w values (1)',
      facts({ action: 'insert', writes: ['public.w', 'public.u'] }),
    ],
    [
      'an UPDATE with a WHERE',
      'update t set a = 1 where b = 2',
      facts({ action: 'update', reads: ['public.t'], writes: ['public.t'], filter: 'present' }),
    ],
    ['an ALTER, for which it lists no relation', 'alter table t add c int', facts({ action: 'alter', writes: ['public.t'] })],
  ])('finds none in %s', (_, text, own) => {
    expect(found(text, own)).toBeUndefined();
  });

  it.each([
    ['another number of statements', 'select 1', [{}, {}], /statements/],
    ['another kind', 'select a from t', [{ action: 'delete', writes: ['public.t'] }], /is a delete/],
    ['a WHERE that was not found', 'delete from t where a = 1', [{ action: 'delete', writes: ['public.t'] }], /has no WHERE/],
    ['a WHERE that it does not see', 'delete from t', [{ action: 'delete', writes: ['public.t'], filter: 'present' }], /has a WHERE/],
    ['a relation that was not found', 'select a from t, secret', [{ reads: ['public.t'] }], /was not found/],
    ['a relation that it does not see', 'select a from t', [{ reads: ['public.t', 'public.secret'] }], /does not see/],
    ['a relation of another schema', 'select a from hr.t', [{ reads: ['public.t'] }], /was not found/],
    ['a write that was found to be read only', 'delete from t', [{ action: 'delete', reads: ['public.t'] }], /found to be read only/],
    [
      'a write that it sees read only',
      'insert into t select a from u',
      [{ action: 'insert', reads: ['public.u'], writes: ['public.t', 'public.u'] }],
      /sees read only/,
    ],
  ] as const)('finds %s', (_, text, statements, words) => {
    expect(found(text, ...statements)).toMatch(words);
  });

  it('finds what node-sql-parser takes without knowing what it is', () => {
    const reading: ParserReading = { statements: [{ kind: undefined, hasWhere: false }], relations: [] };
    expect(disagreement({ statements: [facts({})] }, reading, catalogue)).toMatch(/unknown/);
  });

  it('does not count the statements of branches', () => {
    expect(disagreement({ statements: [facts({}), facts({})], branching: true }, read('select 1'), catalogue)).toBeUndefined();
  });

  it.each(['FROM ONLY', 'a comma behind a join', 'a text with a backslash'])('catches what node-sql-parser reads wrong: %s', (wrong) => {
    const texts: Record<string, string> = {
      'FROM ONLY': 'select * from only secret',
      'a comma behind a join': 'select t.a from t join u on t.id = u.id, secret',
      'a text with a backslash': "select 'a\\' , b from secret -- '",
    };
    expect(found(texts[wrong] ?? '', { reads: ['public.t', 'public.u', 'public.secret'] })).toBeDefined();
  });
});
