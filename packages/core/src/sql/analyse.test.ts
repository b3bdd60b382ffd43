import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CatalogueRelation } from '../catalog/catalogue.js';
import { analyse, relationOutputs } from './analyse.js';
import type { StatementFacts } from './facts.js';
import type { AnalyseOptions, RoutineFacts } from './knowledge.js';
import type { CommonTable, Expression, FromItem, Query, QueryBody, SelectItem, Span } from './model.js';
import type { QueryStatement, Statement } from './statement.js';

/** What SQL texts cannot reach, or reach only by a parser's limits: everything else is tested on texts, by the adapters. */

const span: Span = { start: 0, end: 1 };

function table(name: string, columns: readonly string[], kind: CatalogueRelation['kind'] = 'table'): CatalogueRelation {
  const typed = columns.map((column, at) => ({ name: column, number: at + 1, type: 'text', typeId: 25, notNull: false }));
  return { id: name.length, schema: 'public', name, kind, columns: typed, parents: [], hasTriggers: false };
}

const PURE: RoutineFacts = { name: 'sys.f', category: 'pure' };

function optionsFor(more: Partial<AnalyseOptions> = {}, relations: readonly CatalogueRelation[] = []): AnalyseOptions {
  const all = [table('people', ['id', 'ssn']), table('t', ['a', 'b']), ...relations];
  return {
    catalogue: {
      version: 1,
      serverVersion: 1,
      database: 'db',
      relations: new Map(all.map((relation) => [`public.${relation.name}`, relation])),
      relationsById: new Map(),
      routines: new Map(),
      schemas: new Set(['public', 'sys']),
    },
    views: new Map(),
    state: { id: 1, database: 'db', role: 'app', searchPath: ['public'], lexical: {} },
    stateChangedInTransaction: false,
    schemaChangedInTransaction: false,
    routines: { routine: () => PURE, operator: () => PURE, cast: () => PURE },
    rules: {
      systemColumns: new Set(),
      sensitiveColumn: () => undefined,
      isSystemSchema: (schema) => schema === 'sys',
      isTemporarySchema: (schema) => schema === 'pg_temp',
      harmlessSettings: new Set(['timeout']),
      privilegeSettings: new Set(['role']),
      rowsAsValues: true,
      explainColumn: 'plan',
    },
    ...more,
  };
}

const column = (name: string, ...qualifier: string[]): Expression => ({ kind: 'column', qualifier, name });
const from = (name: string, alias?: string): FromItem => ({
  kind: 'relation',
  name: [name],
  only: false,
  ...(alias === undefined ? {} : { alias: { name: alias, columns: [] } }),
});
const items = (...expressions: Expression[]): SelectItem[] => expressions.map((expression, at) => ({ expression, name: `x${at}` }));
const query = (body: QueryBody, more: Partial<Query> = {}): Query => ({ kind: 'query', body, orderBy: [], locks: [], ...more });
const select = (list: readonly SelectItem[], sources: readonly FromItem[], where?: Expression): QueryBody => ({
  kind: 'select',
  items: list,
  from: sources,
  groupBy: [],
  windows: [],
  ...(where === undefined ? {} : { where }),
});
const statement = (of: Query): QueryStatement => ({ kind: 'select', span, query: of });
const wrapped = (times: number, expression: Expression): Expression => {
  let at = expression;
  for (let count = 0; count < times; count += 1) at = { kind: 'construct', name: 'wrap', operands: [at] };
  return at;
};

function one(of: Statement, options = optionsFor()): StatementFacts {
  const [facts] = analyse([of], options).statements;
  if (facts === undefined) throw new Error('no facts');
  return facts;
}

describe('analyse', () => {
  it('gives up on what is nested too deep, and says so', () => {
    for (const times of [600, 20_000]) {
      const facts = one(statement(query(select(items(wrapped(times, column('ssn'))), [from('people')]))));
      expect(facts.opaque.map((reason) => reason.kind)).toEqual(['complexity']);
      expect(facts.outputs).toBe('unknown');
      expect(facts.stateEffect).toBe('unknown');
    }
  });

  it('does not give up on what is natural', () => {
    const facts = one(statement(query(select(items(wrapped(200, column('ssn'))), [from('people')]))));
    expect(facts.outputs).toEqual([{ name: 'x0', origins: [{ column: 'public.people.ssn', how: 'derived' }], opaque: false }]);
  });

  it('takes everything that follows for uncertain after it gave up', () => {
    const deep = statement(query(select(items(wrapped(20_000, column('ssn'))), [from('people')])));
    const plain = statement(query(select(items(column('id')), [from('people')])));
    const [, facts] = analyse([deep, plain], optionsFor()).statements;
    expect(facts?.opaque).toHaveLength(1);
    expect(facts?.outputs).toEqual([{ name: 'x0', origins: [{ column: 'public.people.id', how: 'same' }], opaque: true }]);
  });

  it('resolves a common table once, however often it is named', () => {
    const start: CommonTable = { name: 'c0', columns: [], body: query(select(items(column('ssn')), [from('people')])) };
    const twice = Array.from({ length: 60 }, (_, at): CommonTable => {
      const both: Expression = { kind: 'construct', name: 'both', operands: [column('x0', 'l'), column('x0', 'r')] };
      return { name: `c${at + 1}`, columns: [], body: query(select(items(both), [from(`c${at}`, 'l'), from(`c${at}`, 'r')])) };
    });
    const facts = one(
      statement(query(select(items(column('x0')), [from('c60')]), { with: { recursive: false, tables: [start, ...twice] } })),
    );
    expect(facts.opaque).toEqual([]);
    expect(facts.outputs).toEqual([{ name: 'x0', origins: [{ column: 'public.people.ssn', how: 'derived' }], opaque: false }]);
  });

  it('resolves a view once, however often it is named', () => {
    const names = Array.from({ length: 60 }, (_, at) => `v${at}`);
    const views = new Map(
      names.map((name, at): [string, Query] => {
        const source = at === 0 ? 'people' : `v${at - 1}`;
        const over = (alias: string): FromItem => ({
          kind: 'relation',
          name: ['public', source],
          only: false,
          alias: { name: alias, columns: [] },
        });
        const both: Expression = { kind: 'construct', name: 'both', operands: [column('ssn', 'l'), column('ssn', 'r')] };
        return [`public.${name}`, query(select([{ expression: both, name: 'ssn' }], [over('l'), over('r')]))];
      }),
    );
    const relations = names.map((name) => table(name, ['ssn'], 'view'));
    const facts = one(statement(query(select(items(column('ssn')), [from('v59')]))), optionsFor({ views }, relations));
    expect(facts.opaque).toEqual([]);
    expect(facts.reads).toContain('public.people');
    expect(facts.outputs?.[0]).toMatchObject({ origins: expect.arrayContaining([{ column: 'public.people.ssn', how: 'derived' }]) });
  });

  it('takes a view that names itself, and one whose definition is missing, for opaque', () => {
    const own: Query = query(select(items(column('a')), [{ kind: 'relation', name: ['public', 'loop'], only: false }]));
    const options = optionsFor({ views: new Map([['public.loop', own]]) }, [table('loop', ['a'], 'view'), table('blind', ['a'], 'view')]);
    for (const name of ['loop', 'blind']) {
      const facts = one(statement(query(select(items(column('a')), [from(name)]))), options);
      expect(facts.opaque.length).toBeGreaterThan(0);
      expect(facts.outputs?.[0]).toMatchObject({ opaque: true });
    }
    expect(relationOutputs(options, 'public.blind')).toBe('unknown');
    expect(relationOutputs(options, 'public.none')).toBeUndefined();
    expect(relationOutputs(options, 'public.people')).toHaveLength(2);
  });

  it('does not keep what a limit made of a view', () => {
    const views = new Map([['public.v', query(select([{ expression: wrapped(300, column('ssn')), name: 'ssn' }], [from('people')]))]]);
    const base = optionsFor({ views }, [table('v', ['ssn'], 'view')]);
    const options = { ...base, rules: { ...base.rules, viewSearchPath: ['public'] } };
    let deep = query(select(items(column('ssn')), [from('v')]));
    for (let level = 0; level < 110; level += 1) deep = query(select(items({ kind: 'scalar-query', query: deep }), []));
    expect(one(statement(deep), options).opaque.map((reason) => reason.kind)).toEqual(['complexity']);
    expect(one(statement(query(select(items(column('ssn')), [from('v')]))), options).opaque).toEqual([]);
  });

  it('knows what an open transaction may take back', () => {
    const rollback: Statement = { kind: 'transaction', span, operation: 'rollback' };
    const plain = statement(query(select(items(column('id')), [from('people')])));
    const reasons = (more: Partial<AnalyseOptions>): readonly string[] | undefined =>
      analyse([rollback, plain], optionsFor(more)).statements[1]?.opaque.map((reason) => reason.kind);
    expect(reasons({})).toEqual([]);
    expect(reasons({ stateChangedInTransaction: true })).toEqual(['session-state']);
    expect(reasons({ schemaChangedInTransaction: true })).toEqual(['schema-changed']);
  });

  it('says that the end of a transaction changes state when state was changed in it', () => {
    const commit: Statement = { kind: 'transaction', span, operation: 'commit' };
    expect(one(commit).stateEffect).toBe('none');
    expect(one(commit, optionsFor({ stateChangedInTransaction: true })).stateEffect).toBe('unknown');
  });

  it('reads cursors that were opened before the unit', () => {
    const outputs = [{ name: 'x', origins: [{ column: 'public.people.ssn', how: 'same' as const }], opaque: false }];
    const fetch: Statement = { kind: 'fetch', span, cursor: 'c', move: false, count: 5 };
    const facts = one(fetch, optionsFor({ cursors: new Map([['c', outputs]]) }));
    expect(facts).toMatchObject({ outputs, limit: 5, opaque: [], columns: [{ column: 'public.people.ssn', use: 'output' }] });
  });

  it('tells what a cursor will return', () => {
    const declare: Statement = {
      kind: 'declare',
      span,
      name: 'c',
      hold: false,
      query: query(select(items(column('ssn')), [from('people')])),
    };
    expect(one(declare)).toMatchObject({
      outputs: undefined,
      cursor: { name: 'c', outputs: [{ origins: [{ column: 'public.people.ssn' }] }] },
    });
  });

  it('takes what the normaliser did not understand for opaque wherever it stands', () => {
    const reason = { kind: 'unknown-node' as const, detail: 'Novelty' };
    const expression: Expression = { kind: 'opaque', reason, operands: [column('ssn')] };
    const cases: Statement[] = [
      statement(query(select(items(expression), [from('people')]))),
      statement(query(select(items(column('id')), [from('people')], expression))),
      statement(query(select(items(column('z')), [{ kind: 'opaque', reason, operands: [] }]))),
      statement(query({ kind: 'opaque', reason })),
      { kind: 'opaque', span, action: 'unknown', reason },
    ];
    for (const each of cases) expect(one(each).opaque).toContainEqual(reason);
    expect(one(statement(query(select(items(expression), [from('people')])))).outputs).toEqual([
      { name: 'x0', origins: [{ column: 'public.people.ssn', how: 'derived' }], opaque: true },
    ]);
  });

  it('takes everything for changed after a statement that was not understood', () => {
    const novelty: Statement = { kind: 'opaque', span, action: 'unknown', reason: { kind: 'unknown-node', detail: 'Novelty' } };
    const plain = statement(query(select(items(column('id')), [from('people')])));
    expect(analyse([novelty, plain], optionsFor()).statements[1]?.opaque.map((each) => each.kind)).toEqual(['session-state']);
  });

  it('takes operators and casts of users for routines that are not known', () => {
    const options = optionsFor({ routines: { routine: () => PURE, operator: () => undefined, cast: () => undefined } });
    const operator: Expression = { kind: 'operator', operator: { symbol: '+' }, operands: [column('a'), column('b')] };
    const comparison: Expression = { kind: 'comparison', test: 'equal', operator: { symbol: '=' }, left: column('a'), right: column('b') };
    const cast: Expression = { kind: 'cast', operand: column('a'), type: { name: ['x'], array: false } };
    for (const expression of [operator, comparison, cast]) {
      const facts = one(statement(query(select(items(expression), [from('t')]))), options);
      expect(facts.opaque.map((each) => each.kind)).toEqual(['unknown-routine']);
      expect(facts.outputs?.[0]).toMatchObject({ opaque: true });
      expect(one(statement(query(select(items(column('a')), [from('t')], expression))), options).opaque).toHaveLength(1);
    }
  });

  it('gives plain data that can be cloned', () => {
    const facts = analyse([statement(query(select(items({ kind: 'star', qualifier: [] }), [from('people')])))], optionsFor());
    expect(structuredClone(facts)).toEqual(facts);
  });

  it('never throws, whatever it is given', () => {
    const kinds = [
      'column',
      'call',
      'case',
      'row',
      'star',
      'in-query',
      'scalar-query',
      'literal',
      'nonsense',
      'select',
      'relation',
      'join',
      'query',
      'insert',
    ];
    const garbage = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, undefined, 1, 'ssn', []),
        fc.record(
          {
            kind: fc.constantFrom(...kinds),
            name: fc.constantFrom('ssn', ['people'], undefined),
            qualifier: fc.constantFrom([], ['people'], undefined),
            query: tie('node'),
            body: tie('node'),
            items: fc.array(tie('node')),
            from: fc.array(tie('node')),
            operands: fc.array(tie('node')),
            expression: tie('node'),
          },
          { requiredKeys: ['kind'] },
        ),
      ),
    })).node;
    fc.assert(
      fc.property(garbage, (node) => {
        const facts = analyse(
          [{ kind: 'select', span, query: node } as Statement, { kind: 'nonsense', span } as unknown as Statement],
          optionsFor(),
        );
        expect(facts.statements).toHaveLength(2);
        expect(facts.statements[1]?.opaque.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('stays linear in long lists', () => {
    const equal = (at: number): Expression => ({
      kind: 'comparison',
      test: 'equal',
      operator: { symbol: '=' },
      left: column('ssn'),
      right: at % 2 === 0 ? column('id') : { kind: 'literal', type: 'string', value: String(at) },
    });
    const where: Expression = { kind: 'logical', operator: 'or', operands: Array.from({ length: 20_000 }, (_, at) => equal(at)) };
    const before = performance.now();
    const facts = one(statement(query(select(items(column('id')), [from('people')], where))));
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(facts.opaque).toEqual([]);
    expect(facts.filter).toBe('present');
  });
});
