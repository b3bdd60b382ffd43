import { describe, expect, it } from '@jest/globals';
import type { CatalogueRelation } from '../catalog/catalogue.js';
import { analyse } from './analyse.js';
import type { OutputColumn, StatementFacts, UnitFacts } from './facts.js';
import type { AnalyseOptions, RoutineFacts, StoredBody } from './knowledge.js';
import type { Argument, Expression, FromItem, Query, Select, SelectItem, Span, Variable } from './model.js';
import type { Insert } from './modification.js';
import type { If, Loop } from './procedure.js';
import type { CallProcedure, QueryStatement, Statement } from './statement.js';

/** Variables, control flow, bodies of routines and what is written through joins: on models, as every dialect builds them. */

const span: Span = { start: 0, end: 1 };

function table(name: string, columns: readonly string[]): CatalogueRelation {
  const typed = columns.map((column, at) => ({ name: column, number: at + 1, type: 'text', typeId: 25, notNull: false }));
  return { id: name.length, schema: 'public', name, kind: 'table', columns: typed, parents: [], hasTriggers: false };
}

const PURE: RoutineFacts = { name: 'sys.f', category: 'pure', total: 'all' };
const TABLES = [table('people', ['id', 'ssn', 'email']), table('t', ['a', 'b']), table('log', ['what'])];

function optionsFor(more: Partial<AnalyseOptions> = {}, rules: Partial<AnalyseOptions['rules']> = {}): AnalyseOptions {
  return {
    catalogue: {
      version: 1,
      serverVersion: 1,
      database: 'db',
      relations: new Map(TABLES.map((relation) => [`public.${relation.name}`, relation])),
      relationsById: new Map(),
      routines: new Map(),
      schemas: new Set(['public', 'sys']),
    },
    views: new Map(),
    state: { id: 1, database: 'db', role: 'app', searchPath: ['public'], lexical: {} },
    stateChangedInTransaction: false,
    schemaChangedInTransaction: false,
    routines: { routine: ([name]) => (name === 'pure' ? PURE : undefined), operator: () => PURE, cast: () => PURE },
    rules: {
      systemColumns: new Set(),
      sensitiveColumn: () => undefined,
      isSystemSchema: (schema) => schema === 'sys',
      isTemporarySchema: (schema) => schema === 'pg_temp',
      isTemporaryName: (name) => name.startsWith('#'),
      storedSearchPath: (schema) => [schema],
      harmlessSettings: new Set(),
      privilegeSettings: new Set(),
      variablesMarked: true,
      rowsAsValues: false,
      explainColumn: 'plan',
      ...rules,
    },
    ...more,
  };
}

const column = (name: string, ...qualifier: string[]): Expression => ({ kind: 'column', qualifier, name });
const local = (name: string): Variable => ({ kind: 'variable', scope: 'local', name });
const session = (name: string): Variable => ({ kind: 'variable', scope: 'session', name });
const literal = (value: string): Expression => ({ kind: 'literal', type: 'string', value });
const equal = (left: Expression, right: Expression): Expression => ({
  kind: 'comparison',
  test: 'equal',
  operator: { symbol: '=' },
  left,
  right,
});
const from = (name: string, alias?: string): FromItem => ({
  kind: 'relation',
  name: [name],
  only: false,
  ...(alias === undefined ? {} : { alias: { name: alias, columns: [] } }),
});
const item = (expression: Expression): SelectItem => ({ expression, name: expression.kind === 'column' ? expression.name : 'x' });
function query(list: readonly Expression[], source?: string | readonly FromItem[], where?: Expression): Query & { readonly body: Select } {
  const items = typeof source === 'string' ? [from(source)] : (source ?? []);
  const body: Select = { kind: 'select', items: list.map(item), from: items, groupBy: [], windows: [], ...(where && { where }) };
  return { kind: 'query', body, orderBy: [], locks: [] };
}
const select = (...parts: Parameters<typeof query>): QueryStatement => ({ kind: 'select', span, query: query(...parts) });
const scalar = (name: string, source: string): Expression => ({ kind: 'scalar-query', query: query([column(name)], source) });
const assign = (target: Variable, value: Expression): Statement => ({ kind: 'assign', span, target, value });
const byRow = (variable: Variable, value: Expression): Expression => ({ kind: 'assignment', variable, value });
const both = (...operands: Expression[]): Expression => ({ kind: 'construct', name: 'both', operands });
const when = (condition: Expression, then: readonly Statement[], otherwise?: readonly Statement[]): If => ({
  kind: 'if',
  span,
  branches: [{ condition, statements: then }, ...(otherwise === undefined ? [] : [{ statements: otherwise }])],
});
const loop = (...statements: Statement[]): Loop => ({ kind: 'loop', span, condition: literal('x'), statements });
const insert = (target: string, source: Query, ...columns: string[]): Insert => ({
  kind: 'insert',
  span,
  target: { name: [target], only: false },
  ...(columns.length === 0 ? {} : { columns: columns.map((name) => ({ column: name, path: [] })) }),
  source: { kind: 'query', query: source },
});
const call = (name: string, ...values: Argument[]): CallProcedure => ({
  kind: 'call',
  span,
  call: { kind: 'call', name: [name], arguments: values },
});
const body = (more: Partial<StoredBody>): StoredBody => ({ parameters: [], statements: [], returns: 'nothing', ...more });
const bodies = (name: string, ...all: StoredBody[]): Partial<AnalyseOptions> => ({ bodies: new Map([[`public.${name}`, all]]) });
const temporary = (name: string, ...columns: string[]): Statement => ({
  kind: 'create-table',
  span,
  name: [name],
  objectKind: 'table',
  columns: columns.map((own) => ({ name: own, type: { name: ['text'], array: false } })),
  columnsOf: [],
  expressions: [],
  references: [],
  ifNotExists: false,
  temporary: true,
});
const drop = (name: string): Statement => ({
  kind: 'schema',
  span,
  operation: 'drop',
  objectKind: 'table',
  names: [[name]],
  expressions: [],
});

const told = (output: OutputColumn): string =>
  `${output.origins.map(({ column: name, how }) => (how === 'same' ? name : `${name}/${how}`)).join(' ')}${output.opaque ? '!' : ''}`;
const outputs = (facts: StatementFacts | undefined): unknown => (Array.isArray(facts?.outputs) ? facts.outputs.map(told) : facts?.outputs);
const run = (statements: readonly Statement[], options = optionsFor()): UnitFacts => analyse(statements, options);
const last = (statements: readonly Statement[], options = optionsFor()): StatementFacts | undefined =>
  run(statements, options).statements.at(-1);
const reasons = (facts: StatementFacts | undefined): unknown => facts?.opaque.map(({ kind }) => kind);
const uses = (facts: StatementFacts | undefined): string[] => facts?.columns.map(({ column: name, use }) => `${name} ${use}`) ?? [];

describe('variables', () => {
  it('hold what they were given last', () => {
    const statements = [
      assign(local('x'), scalar('ssn', 'people')),
      select([local('x')]),
      assign(local('x'), literal('a')),
      select([local('x')]),
    ];
    expect(run(statements).statements.map(outputs)).toEqual([undefined, ['public.people.ssn'], undefined, ['']]);
  });

  it('are compared as the columns that they hold', () => {
    const facts = last([assign(local('x'), scalar('ssn', 'people')), select([column('a')], 't', equal(column('b'), local('x')))]);
    expect(uses(facts)).toEqual(['public.people.ssn join', 'public.t.a output', 'public.t.b join']);
  });

  it('that are assigned while rows are read hold what earlier rows left, and what was there before', () => {
    const into = { ...select([byRow(local('x'), both(local('x'), column('ssn')))], 'people'), into: { kind: 'assignments' as const } };
    expect(outputs(last([assign(local('x'), scalar('email', 'people')), into, select([local('x')])]))).toEqual([
      'public.people.email/derived public.people.ssn/derived',
    ]);
  });

  it('that read each other while rows are read are followed to the end', () => {
    const items = [byRow(local('c'), local('b')), byRow(local('b'), local('a')), byRow(local('a'), column('ssn'))];
    const into = { ...select(items, 'people'), into: { kind: 'assignments' as const } };
    expect(outputs(last([into, select([local('c')])]))).toEqual(['public.people.ssn']);
  });

  it('that a query without rows would have filled keep what they held', () => {
    const into = { ...select([column('ssn')], 'people'), into: { kind: 'variables' as const, variables: [local('x')] } };
    const facts = last([assign(local('x'), scalar('email', 'people')), into, select([local('x')])]);
    expect(outputs(facts)).toEqual(['public.people.email public.people.ssn']);
  });

  it('of the session are told, and known from earlier units', () => {
    expect(run([assign(session('x'), scalar('ssn', 'people'))]).statements[0]?.assigns).toEqual([
      { name: 'x', origins: [{ column: 'public.people.ssn', how: 'same' }], opaque: false },
    ]);
    const known = { name: 'x', origins: [{ column: 'public.people.ssn', how: 'derived' as const }], opaque: false };
    const options = optionsFor({ variables: new Map([['x', known]]) });
    expect(outputs(last([select([session('x')])], options))).toEqual(['public.people.ssn/derived']);
  });

  it('of the session of which nothing is known are opaque until they are set', () => {
    const options = optionsFor({ variablesKnown: false });
    const [before, , after] = run([select([session('x')]), assign(session('x'), literal('a')), select([session('x')])], options).statements;
    expect([outputs(before), reasons(before)]).toEqual([['!'], ['session-state']]);
    expect([outputs(after), reasons(after)]).toEqual([[''], []]);
  });

  it('of the session are not known after a routine that is not understood', () => {
    const facts = last([assign(session('x'), literal('a')), call('mystery'), select([session('x')])]);
    expect(reasons(facts)).toContain('session-state');
  });

  it('that stand in branches tell the next unit of all that they may hold', () => {
    const facts = run([when(literal('c'), [assign(session('x'), scalar('ssn', 'people'))], [assign(session('x'), literal('a'))])]);
    for (const { assigns } of facts.statements.slice(1)) if (assigns) expect(assigns[0]?.origins).toHaveLength(1);
    expect(facts.branching).toBe(true);
  });
});

describe('control flow', () => {
  it('joins what branches leave', () => {
    const branches = when(
      equal(local('y'), literal('a')),
      [assign(local('x'), scalar('ssn', 'people'))],
      [assign(local('x'), scalar('email', 'people'))],
    );
    const facts = last([assign(local('x'), scalar('a', 't')), branches, select([local('x')])]);
    expect(outputs(facts)).toEqual(['public.people.email public.people.ssn']);
  });

  it('keeps what was there where no branch has to run', () => {
    const facts = last([
      assign(local('x'), scalar('a', 't')),
      when(literal('c'), [assign(local('x'), scalar('ssn', 'people'))]),
      select([local('x')]),
    ]);
    expect(outputs(facts)).toEqual(['public.people.ssn public.t.a']);
  });

  it('tells conditions as statements of their own, in the order of the text', () => {
    const facts = run([when({ kind: 'exists', query: query([column('a')], 't') }, [select([column('ssn')], 'people')])]);
    expect(facts.statements.map(({ action, reads }) => [action, ...reads])).toEqual([
      ['control', 'public.t'],
      ['select', 'public.people'],
    ]);
    expect(facts.branching).toBe(true);
  });

  it('goes round loops until nothing changes', () => {
    const statements = loop(assign(local('a'), local('b')), assign(local('b'), local('c')), assign(local('c'), scalar('ssn', 'people')));
    expect(outputs(last([statements, select([local('a')])]))).toEqual(['public.people.ssn']);
  });

  it('tells statements in loops once', () => {
    expect(run([loop(assign(local('x'), both(local('x'), scalar('ssn', 'people'))))]).statements.map(({ action }) => action)).toEqual([
      'control',
      'set',
    ]);
  });

  it('stays small in loops in loops', () => {
    let inner: Statement = assign(local('x'), both(local('x'), scalar('ssn', 'people')));
    for (let depth = 0; depth < 60; depth += 1) inner = loop(inner);
    expect(outputs(last([inner, select([local('x')])]))).toEqual(['public.people.ssn/derived']);
  });

  it('lets handlers run after any statement', () => {
    const block: Statement = {
      kind: 'block',
      span,
      statements: [assign(local('x'), scalar('ssn', 'people')), assign(local('x'), literal('a'))],
      handlers: [select([local('x')])],
    };
    expect(outputs(last([block]))).toEqual(['public.people.ssn']);
  });

  it('follows jumps', () => {
    const goto: Statement = { kind: 'control', span, what: 'goto' };
    const facts = last([assign(local('x'), scalar('ssn', 'people')), goto, assign(local('x'), literal('a')), select([local('x')])]);
    expect(outputs(facts)).toEqual(['public.people.ssn']);
  });

  it('knows a temporary relation that is dropped where it exists and made again', () => {
    const statements = [
      temporary('#t', 'a'),
      insert('#t', query([column('ssn')], 'people')),
      when(literal('c'), [drop('#t')]),
      temporary('#t', 'b'),
      insert('#t', query([column('email')], 'people')),
      select([column('b')], '#t'),
    ];
    const facts = last(statements);
    expect(outputs(facts)).toEqual(['pg_temp."#t".b public.people.email']);
    expect(reasons(facts)).toEqual([]);
  });

  it('leaves a relation that exists as it is where its creation depends on a condition', () => {
    const make = { ...temporary('people', 'z'), temporary: false } as Statement;
    const facts = last([when(literal('c'), [make]), select([column('ssn')], 'people')]);
    expect([outputs(facts), reasons(facts)]).toEqual([['public.people.ssn'], []]);
  });

  it('is in doubt where a name may mean another relation', () => {
    const rules = { ...optionsFor(), state: { id: 1, database: 'db', role: 'app', searchPath: ['other', 'public'], lexical: {} } };
    const make = { ...temporary('people', 'ssn'), temporary: false } as Statement;
    expect(reasons(last([when(literal('c'), [make]), select([column('ssn')], 'people')], rules))).toEqual(['schema-changed']);
  });

  it('carries what is written into temporary relations and table variables', () => {
    const declare: Statement = {
      kind: 'declare-table',
      span,
      name: '@r',
      columns: [{ name: 'a', type: { name: ['text'], array: false } }],
    };
    const facts = last([declare, insert('@r', query([column('ssn')], 'people')), select([column('a')], '@r')]);
    expect(outputs(facts)).toEqual(['pg_temp."@r".a public.people.ssn']);
  });

  it('carries it on into columns that are computed from it', () => {
    const type = { name: ['text'], array: false };
    const computed = { name: 'z', type, expressions: [both(column('y'))], default: both(column('y')) };
    const between = { name: 'y', type, expressions: [both(column('a'))], default: both(column('a')) };
    const declare: Statement = { kind: 'declare-table', span, name: '@r', columns: [{ name: 'a', type }, between, computed] };
    const facts = last([declare, insert('@r', query([column('ssn')], 'people'), 'a'), select([column('z')], '@r')]);
    expect(outputs(facts)?.toString()).toContain('public.people.ssn/derived');
  });

  it('makes nothing here of what is made in another database', () => {
    const make = { ...temporary('x', 'a'), temporary: false, name: ['other', 'public', 't'] } as Statement;
    const facts = run([make, select([column('a')], 't')]).statements;
    expect(facts[0]).toMatchObject({ writes: ['other.public.t'], opaque: [{ kind: 'foreign-data' }] });
    expect(outputs(facts[1])).toEqual(['public.t.a']);
  });

  it('hands temporary relations on to the next unit', () => {
    const { temporary: left } = run([temporary('#t', 'a'), insert('#t', query([column('ssn')], 'people'))]);
    const next = run([select([column('a')], '#t')], optionsFor({ temporary: left ?? [] }));
    expect(next.statements.map(outputs)).toEqual([['pg_temp."#t".a public.people.ssn']]);
    expect(next.temporary).toBeUndefined();
    expect(run([drop('#t')], optionsFor({ temporary: left ?? [] })).temporary).toEqual([]);
  });

  it('reads cursors into variables', () => {
    const declare: Statement = { kind: 'declare', span, name: 'c', hold: false, query: query([column('ssn')], 'people') };
    const fetch: Statement = { kind: 'fetch', span, cursor: 'c', move: false, count: 1, into: [local('x')] };
    const facts = run([declare, { kind: 'open', span, cursor: 'c' }, fetch, select([local('x')])]).statements;
    expect(outputs(facts[2])).toBeUndefined();
    expect(outputs(facts[3])).toEqual(['public.people.ssn']);
  });
});

describe('bodies', () => {
  const ofPerson = query([column('ssn')], 'people', equal(column('id'), local('p')));
  const parameter = { name: 'p', output: false };

  it('of procedures are what the call does', () => {
    const options = optionsFor(bodies('give', body({ parameters: [parameter], statements: [{ kind: 'select', span, query: ofPerson }] })));
    const facts = last([call('give', { expression: literal('1') })], options);
    expect(facts).toMatchObject({ action: 'call', class: 'procedural', reads: ['public.people'], opaque: [] });
    expect(outputs(facts)).toEqual(['public.people.ssn']);
    expect(uses(facts)).toContain('public.people.id predicate-equality');
  });

  it('that nobody steers keep their conditions to themselves', () => {
    const fixed = query([column('email')], 'people', equal(column('ssn'), literal('x')));
    const options = optionsFor(bodies('give', body({ statements: [{ kind: 'select', span, query: fixed }] })));
    expect(uses(last([call('give')], options))).toEqual(['public.people.email output']);
  });

  it('that read variables of the session are steered by them', () => {
    const probe = query([column('email')], 'people', equal(column('ssn'), session('probe')));
    const inner = body({ statements: [{ kind: 'select', span, query: probe }] });
    const outer = body({ statements: [call('inner')] });
    const options = optionsFor({
      bodies: new Map([
        ['public.inner', [inner]],
        ['public.outer', [outer]],
      ]),
    });
    for (const name of ['inner', 'outer']) expect(uses(last([call(name)], options))).toContain('public.people.ssn predicate-equality');
  });

  it('give values back through parameters', () => {
    const fill = { ...select([column('ssn')], 'people'), into: { kind: 'variables' as const, variables: [local('p')] } };
    const options = optionsFor(bodies('find', body({ parameters: [{ name: 'p', output: true }], statements: [fill] })));
    const facts = last([call('find', { expression: local('x'), output: true }), select([local('x')])], options);
    expect(outputs(facts)).toEqual(['public.people.ssn']);
  });

  it('see nothing of the variables of their callers', () => {
    const options = optionsFor(bodies('peek', body({ statements: [select([local('x')])] })));
    expect(outputs(last([assign(local('x'), scalar('ssn', 'people')), call('peek')], options))).toEqual(['']);
  });

  it('of functions are their value', () => {
    const returns = body({
      parameters: [parameter],
      returns: 'value',
      statements: [{ kind: 'control', span, what: 'return', value: { kind: 'scalar-query', query: ofPerson } }],
    });
    const value: Expression = { kind: 'call', name: ['f'], arguments: [{ expression: column('a') }] };
    const facts = last([select([value], 't')], optionsFor(bodies('f', returns)));
    expect(outputs(facts)).toEqual(['public.people.ssn']);
    expect(facts).toMatchObject({ action: 'select', reads: ['public.people', 'public.t'], opaque: [] });
  });

  it('that return in branches may return anything that they read', () => {
    const back = (value: Expression): Statement => ({ kind: 'control', span, what: 'return', value });
    const statements = [
      when({ kind: 'exists', query: query([column('id')], 'people', equal(column('ssn'), local('p'))) }, [back(literal('y'))]),
      back(literal('n')),
    ];
    const value: Expression = { kind: 'call', name: ['f'], arguments: [{ expression: column('a') }] };
    const facts = last([select([value], 't')], optionsFor(bodies('f', body({ parameters: [parameter], returns: 'value', statements }))));
    expect(outputs(facts)).toEqual(['public.people.ssn/derived public.t.a/derived']);
  });

  it('of table functions are relations', () => {
    const options = optionsFor(
      bodies(
        'rows',
        body({ parameters: [parameter], returns: 'table', columns: ['secret'], statements: [{ kind: 'select', span, query: ofPerson }] }),
      ),
    );
    const routine: FromItem = {
      kind: 'routine',
      calls: [{ call: { kind: 'call', name: ['rows'], arguments: [{ expression: literal('1') }] } }],
      ordinality: false,
    };
    expect(outputs(last([select([column('secret')], [routine])], options))).toEqual(['public.people.ssn']);
  });

  it('that return a table variable return what was written into it', () => {
    const declare: Statement = {
      kind: 'declare-table',
      span,
      name: '@r',
      columns: [{ name: 'a', type: { name: ['text'], array: false } }],
    };
    const statements = [declare, insert('@r', query([column('ssn')], 'people'))];
    const options = optionsFor(bodies('rows', body({ returns: 'table', resultRelation: '@r', statements })));
    const routine: FromItem = { kind: 'routine', calls: [{ call: { kind: 'call', name: ['rows'], arguments: [] } }], ordinality: false };
    const facts = run([declare, select([column('a')], [routine]), select([column('a')], '@r')], options).statements;
    expect(outputs(facts[1])).toEqual(['pg_temp."@r".a public.people.ssn']);
    expect(outputs(facts[2])).toEqual(['pg_temp."@r".a']);
  });

  it('of which several results come are of unknown shape, with all that they show', () => {
    const options = optionsFor(bodies('two', body({ statements: [select([column('ssn')], 'people'), select([column('a')], 't')] })));
    const facts = run([call('two')], options);
    expect(facts.statements[0]?.outputs).toBe('unknown');
    expect(uses(facts.statements[0])).toEqual(['public.people.ssn output', 'public.t.a output']);
    expect(facts.branching).toBe(true);
  });

  it('that call themselves are not seen through', () => {
    const options = optionsFor(bodies('again', body({ statements: [call('again')] })));
    expect(reasons(last([call('again')], options))).toEqual(['complexity']);
  });

  it('stay cheap when each calls two others', () => {
    const chain = Array.from({ length: 30 }, (_, at): [string, readonly StoredBody[]] => [
      `public.p${at}`,
      [body({ statements: at === 0 ? [select([column('ssn')], 'people')] : [call(`p${at - 1}`), call(`p${at - 1}`)] })],
    ]);
    const before = performance.now();
    const facts = last([call('p29')], optionsFor({ bodies: new Map(chain) }));
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(reasons(facts)).toEqual([]);
    expect(uses(facts)).toEqual(['public.people.ssn output']);
  });

  it('of triggers run with what is written', () => {
    const trigger = body({
      rows: { old: 'deleted', new: 'inserted' },
      events: ['insert'],
      statements: [insert('log', query([column('b')], 'inserted'))],
    });
    const options = optionsFor({ triggers: new Map([['public.t', [trigger]]]) });
    const facts = last([insert('t', query([column('ssn')], 'people'), 'b')], options);
    expect(facts?.writes).toEqual(['public.log', 'public.t']);
    expect(facts?.flows).toContainEqual({ from: ['public.people.ssn', 'public.t.b'], to: { kind: 'column', column: 'public.log.what' } });
    expect(facts?.filter).toBe('none');
    const other: Statement = {
      kind: 'delete',
      span,
      target: { name: ['t'], only: false },
      using: [],
      where: equal(column('a'), literal('1')),
    };
    expect(last([other], options)?.writes).toEqual(['public.t']);
  });

  it('of triggers fill rows before they are returned', () => {
    const fill: Statement = {
      kind: 'assign',
      span,
      target: { kind: 'column', qualifier: ['new'], name: 'b' },
      value: scalar('ssn', 'people'),
    };
    const options = optionsFor({ triggers: new Map([['public.t', [body({ statements: [fill] })]]]) });
    const statement = { ...insert('t', query([literal('x')]), 'a'), returning: { items: [item(column('b')), item(column('a'))] } };
    const facts = last([statement], options);
    expect(outputs(facts)).toEqual(['public.people.ssn public.t.b', 'public.t.a']);
    expect(facts?.flows).toEqual([{ from: ['public.people.ssn'], to: { kind: 'column', column: 'public.t.b' } }]);
  });

  it('of triggers that cannot be read make what they hang on opaque', () => {
    const options = optionsFor({ triggers: new Map([['public.t', [undefined]]]) });
    expect(reasons(last([insert('t', query([literal('x')]), 'a')], options))).toEqual(['unknown-routine']);
  });

  it('that only run later are judged, and change nothing', () => {
    const create: Statement = {
      kind: 'create-routine',
      span,
      objectKind: 'procedure',
      name: ['p'],
      language: 'sql',
      body: [temporary('#t', 'a'), insert('#t', query([column('ssn')], 'people')), select([column('a')], '#t')],
      parameters: [],
      expressions: [],
      securityDefiner: false,
      replace: false,
    };
    const facts = run([create, select([column('a')], '#t')]).statements;
    expect(facts[0]).toMatchObject({ reads: ['pg_temp."#t"', 'public.people'], opaque: [] });
    expect(reasons(facts[1])).toContain('unknown-relation');
  });

  it('of a text that is run see what they are given and give it back', () => {
    const dynamic: Statement = {
      kind: 'dynamic',
      span: { start: 5, end: 9 },
      operands: [literal('…')],
      statements: [assign(local('o'), local('i')), select([local('i')]), select([local('hidden')])],
      parameters: [
        { variable: local('i'), value: scalar('ssn', 'people') },
        { variable: local('o'), output: local('x') },
      ],
    };
    const facts = run([assign(local('hidden'), scalar('email', 'people')), dynamic, select([local('x')])]).statements;
    expect(facts.map(outputs)).toEqual([undefined, undefined, undefined, ['public.people.ssn'], [''], ['public.people.ssn']]);
    expect(facts[3]?.span).toEqual({ start: 5, end: 9 });
  });

  it('of a text that is not known are opaque', () => {
    const dynamic: Statement = { kind: 'dynamic', span, operands: [local('x')], statements: undefined, parameters: [] };
    expect(reasons(last([dynamic]))).toEqual(['dynamic-sql']);
  });
});

describe('bodies without parameters', () => {
  const get: QueryStatement = select([{ kind: 'call', name: ['get'], arguments: [] }]);
  const returns: Statement = { kind: 'control', span, what: 'return', value: local('r') };

  it('tell about the conditions that they assign under', () => {
    const statements = [when(equal(scalar('ssn', 'people'), literal('x')), [assign(local('r'), literal('1'))]), returns];
    const facts = last([get], optionsFor(bodies('get', body({ statements, returns: 'value' }))));
    expect(outputs(facts)).toEqual(['public.people.ssn/derived']);
    expect(uses(facts)).toEqual(['public.people.ssn output']);
  });

  it('tell nothing of conditions that are over', () => {
    const statements = [
      when(equal(scalar('ssn', 'people'), literal('x')), [assign(local('other'), literal('1'))]),
      assign(local('r'), scalar('email', 'people')),
      returns,
    ];
    const facts = last([get], optionsFor(bodies('get', body({ statements, returns: 'value' }))));
    expect(outputs(facts)).toEqual(['public.people.email']);
  });
});

describe('what is not known', () => {
  it('is what an unknown procedure returns', () => {
    const statement: Statement = { ...call('nobody'), result: local('y') };
    expect(outputs(last([statement, select([local('y')])]))).toEqual(['!']);
  });

  it('is a table of another database', () => {
    const other: Statement = { ...drop('people'), names: [['other', 'public', 'people']] } as Statement;
    expect(last([other])).toMatchObject({ writes: ['other.public.people'], opaque: [{ kind: 'foreign-data' }] });
    expect(reasons(last([{ ...drop('people'), names: [['db', 'public', 'people']] } as Statement]))).toEqual([]);
  });

  it('is any column behind one that is not known, by whatever name', () => {
    const star: Expression = { kind: 'star', qualifier: [] };
    const inner = query([column('id', 'people'), star, column('ssn', 'people')], [from('people'), from('nowhere')]);
    const named: FromItem = { kind: 'subquery', query: inner, lateral: false, alias: { name: 'd', columns: ['a', 'b', 'c'] } };
    const [a, ...others] = outputs(last([select([column('a'), column('b'), column('c')], [named])])) as string[];
    expect(a).toBe('public.people.id');
    expect(others).toEqual(others.map(() => 'public.people.email/derived public.people.id/derived public.people.ssn/derived!'));
    const into = [temporary('x', 'a', 'b'), insert('x', inner, 'a', 'b'), select([column('b')], 'x')];
    expect(outputs(last(into))).toEqual(['pg_temp.x.b public.people.email/derived public.people.id/derived public.people.ssn/derived!']);
  });

  it('is any column under one that is not known', () => {
    const branches = [query([column('ssn')], 'people'), query([{ kind: 'star', qualifier: [] }], 'nowhere')] as const;
    const union: Query = {
      kind: 'query',
      body: { kind: 'set-operation', operator: 'union', all: true, left: branches[0], right: branches[1] },
      orderBy: [],
      locks: [],
    };
    const stacked: FromItem = { kind: 'subquery', query: union, lateral: false, alias: { name: 'd', columns: [] } };
    expect(outputs(last([select([column('ssn')], [stacked])]))).toEqual(['public.people.ssn!']);
  });
});

describe('writing through joins', () => {
  const joined: FromItem = {
    kind: 'join',
    type: 'inner',
    left: from('t', 'x'),
    right: from('people', 'p'),
    natural: false,
    on: equal(column('a', 'x'), column('id', 'p')),
  };

  it('writes the item that the target names, and a join is no filter', () => {
    const set = [{ targets: [{ column: 'b', path: [] }], value: column('ssn', 'p') }];
    const update: Statement = { kind: 'joined-update', span, target: ['x'], from: [joined], set };
    const facts = last([update]);
    expect(facts).toMatchObject({ action: 'update', reads: ['public.people', 'public.t'], writes: ['public.t'], filter: 'absent' });
    expect(facts?.flows).toEqual([{ from: ['public.people.ssn'], to: { kind: 'column', column: 'public.t.b' } }]);
    expect(last([{ ...update, where: equal(column('id', 'p'), literal('1')) }])?.filter).toBe('present');
  });

  it('writes the item that has the column, where assignments say which', () => {
    const set = [
      { targets: [{ column: 'b', path: [], qualifier: ['x'] }], value: literal('1') },
      { targets: [{ column: 'email', path: [] }], value: literal('2') },
    ];
    expect(last([{ kind: 'joined-update', span, from: [joined], set }])?.writes).toEqual(['public.people', 'public.t']);
  });

  it('takes a target of several parts for the relation, whatever is called so', () => {
    const other: Statement = { kind: 'joined-delete', span, targets: [['public', 'log']], from: [from('t', 'log')] };
    expect(last([other])?.writes).toEqual(['public.log']);
  });

  it('reads a target that is not among the items', () => {
    const update: Statement = {
      kind: 'joined-update',
      span,
      target: ['people'],
      set: [{ targets: [{ column: 'email', path: [] }], value: column('b', 't') }],
      from: [from('t')],
    };
    expect(last([update])).toMatchObject({ reads: ['public.people', 'public.t'], writes: ['public.people'] });
  });

  it('passes over columns that INSERT without a list does not write', () => {
    const type = { name: ['text'], array: false };
    const declare: Statement = {
      kind: 'declare-table',
      span,
      name: '@r',
      columns: [
        { name: 'n', type, implicit: true },
        { name: 'a', type },
      ],
    };
    const facts = run([
      declare,
      insert('@r', query([column('ssn')], 'people')),
      select([{ kind: 'star', qualifier: [] }], '@r'),
    ]).statements;
    expect(outputs(facts[2])).toEqual(['pg_temp."@r".n', 'pg_temp."@r".a public.people.ssn']);
  });

  it('writes no more than the temporary table that it fills', () => {
    const fill = (source: string): Statement => insert('x', query([column(source)], 'people'), 'a');
    const facts = last([temporary('x', 'a'), fill('ssn'), fill('email')]);
    expect(facts?.columns.filter(({ use }) => use === 'write-target').map((each) => each.column)).toEqual(['pg_temp.x.a']);
    expect(facts?.flows.map(({ to }) => to)).toEqual([{ kind: 'column', column: 'pg_temp.x.a' }]);
  });

  it('passes over what a table type says is not written', () => {
    const columns = [
      { name: 'n', number: 1, type: 'int', typeId: 0, notNull: true, implicit: true },
      { name: 'a', number: 2, type: 'text', typeId: 0, notNull: false },
      { name: 'c', number: 3, type: 'computed', typeId: 0, notNull: false, implicit: true },
    ];
    const { catalogue } = optionsFor();
    const pairs: CatalogueRelation = { ...table('pairs', []), kind: 'composite', columns };
    const options = optionsFor({
      catalogue: { ...catalogue, relations: new Map([...catalogue.relations, ['public.pairs', pairs]]) },
      generated: new Map([['public.pairs', new Map([['c', column('a')]])]]),
    });
    const type = { name: ['pairs'], array: false };
    const declare: Statement = { kind: 'declare-table', span, name: '@t', columns: undefined, type };
    const read = select([column('n'), column('a'), column('c')], '@t');
    const facts = last([declare, insert('@t', query([column('ssn')], 'people')), read], options);
    const [n, a, c] = outputs(facts) as string[];
    expect([n, a]).toEqual(['pg_temp."@t".n', 'pg_temp."@t".a public.people.ssn']);
    expect(c).toContain('public.people.ssn/derived');
  });

  it('deletes through a common table what it is made of', () => {
    const statement: Statement = {
      kind: 'delete',
      span,
      with: { recursive: false, tables: [{ name: 'c', columns: [], body: query([column('ssn')], 'people') }] },
      target: { name: ['c'], only: false },
      using: [],
      where: equal(column('ssn'), literal('x')),
    };
    expect(last([statement])).toMatchObject({ writes: ['public.people'], filter: 'present', opaque: [] });
  });

  it('takes assignments one after another where the dialect does', () => {
    const set = [
      { targets: [{ column: 'a', path: [] }], value: scalar('ssn', 'people') },
      { targets: [{ column: 'b', path: [] }], value: column('a') },
    ];
    const update: Statement = { kind: 'update', span, target: { name: ['t'], only: false }, set, from: [] };
    const into = (options: AnalyseOptions): unknown =>
      last([update], options)?.flows.find(({ to }) => 'column' in to && to.column === 'public.t.b')?.from;
    expect(into(optionsFor())).toEqual(['public.t.a']);
    expect(into(optionsFor({}, { assignsInOrder: true }))).toEqual(['public.people.ssn', 'public.t.a']);
  });

  it('writes what OUTPUT INTO names', () => {
    const statement: Statement = {
      kind: 'delete',
      span,
      target: { name: ['people'], only: false },
      using: [],
      where: equal(column('id'), literal('1')),
      outputInto: { items: [item(column('ssn', 'deleted'))], old: 'deleted', new: 'inserted', into: ['log'] },
    };
    const facts = last([statement]);
    expect(facts?.writes).toEqual(['public.log', 'public.people']);
    expect(facts?.outputs).toBeUndefined();
    expect(facts?.flows).toEqual([{ from: ['public.people.ssn'], to: { kind: 'column', column: 'public.log.what' } }]);
  });
});

describe('conditions of constants', () => {
  const constant = (type: 'string' | 'integer' | 'number', value: string): Expression => ({ kind: 'literal', type, value });
  const filter = (where: Expression): unknown =>
    last([{ kind: 'delete', span, target: { name: ['t'], only: false }, using: [], where }])?.filter;

  it.each([
    [equal(constant('integer', '1'), constant('integer', '01')), 'always-true'],
    [equal(constant('number', '1.0'), constant('number', '1.00')), 'always-true'],
    [equal(constant('integer', '1'), constant('number', '1e0')), 'always-true'],
    [equal(constant('string', 'a'), constant('string', 'A')), 'always-true'],
    [equal(constant('string', 'a'), constant('string', 'a ')), 'always-true'],
    [equal(constant('string', 'e'), constant('string', 'é')), 'always-true'],
    [equal(constant('string', 'a'), constant('string', 'b')), 'present'],
    [equal(constant('integer', '1'), constant('integer', '0')), 'present'],
    [constant('integer', '1'), 'always-true'],
    [constant('integer', '0'), 'present'],
    [{ kind: 'logical', operator: 'or', operands: [constant('integer', '0'), constant('integer', '2')] }, 'always-true'],
    [{ kind: 'logical', operator: 'and', operands: [constant('integer', '0'), constant('integer', '2')] }, 'present'],
  ] as const)('%j is %s', (where, want) => {
    expect(filter(where)).toBe(want);
  });
});

describe('queries', () => {
  it('decide over values by what chooses the rows of queries inside', () => {
    const chosen = query([column('id')], 'people', equal(column('ssn'), literal('x')));
    const decided = (condition: Expression): unknown =>
      outputs(last([select([{ kind: 'case', whens: [{ condition, result: literal('y') }] }])]));
    expect(decided({ kind: 'exists', query: chosen })).toEqual(['public.people.ssn/derived']);
    const inside: Expression = { kind: 'in-query', operator: { symbol: '=' }, operand: literal('1'), query: chosen, negated: false };
    expect(decided(inside)).toEqual(['public.people.id/derived public.people.ssn/derived']);
  });

  it('of common tables see what conditions around them make equal', () => {
    const inner: Query = {
      ...query([column('a')], 'x'),
      with: {
        recursive: false,
        tables: [{ name: 'x', columns: [], body: query([column('a')], 't', both(column('b'), column('ssn', 'p'))) }],
      },
    };
    const condition: Expression = {
      kind: 'logical',
      operator: 'and',
      operands: [{ kind: 'exists', query: inner }, equal(column('ssn', 'p'), column('what', 'o'))],
    };
    const facts = last([select([column('id', 'p')], [from('people', 'p'), from('log', 'o')], condition)]);
    expect(uses(facts)).toContain('public.log.what predicate-other');
  });

  it('of views pass over what their columns are passed over in', () => {
    const { catalogue } = optionsFor();
    const hidden = table('v', ['a', 'b']);
    const [a, b] = hidden.columns;
    if (a === undefined || b === undefined) throw new Error('two columns');
    const view: CatalogueRelation = { ...hidden, kind: 'view', columns: [a, { ...b, hidden: true }] };
    const options = optionsFor({
      catalogue: { ...catalogue, relations: new Map([...catalogue.relations, ['public.v', view]]) },
      views: new Map([['public.v', query([column('a'), column('b')], 't')]]),
    });
    expect(outputs(last([select([{ kind: 'star', qualifier: [] }], 'v')], options))).toEqual(['public.t.a public.v.a']);
  });

  it('name a relation alike however it was written', () => {
    const { catalogue } = optionsFor();
    const people = catalogue.relations.get('public.people') ?? table('people', []);
    const options = optionsFor({ catalogue: { ...catalogue, relations: new Map([...catalogue.relations, ['public."PEOPLE"', people]]) } });
    const facts = last([select([column('ssn')], 'PEOPLE')], options);
    expect([facts?.reads, outputs(facts)]).toEqual([['public.people'], ['public.people.ssn']]);
  });

  it('call by `row.f` what is no column of the row, where rows are values', () => {
    const read = select([column('pure', 'people'), column('ssn', 'people')], 'people');
    expect(reasons(last([read]))).toEqual(['unknown-column']);
    expect(outputs(last([read], optionsFor({}, { rowsAsValues: true })))).toEqual([
      'public.people.email/derived public.people.id/derived public.people.ssn/derived',
      'public.people.ssn',
    ]);
  });

  it('pivots group by what they do not name', () => {
    const pivot: FromItem = {
      kind: 'pivot',
      source: from('people'),
      aggregate: { kind: 'call', name: ['pure'], arguments: [{ expression: column('ssn') }] },
      column: { kind: 'column', qualifier: [], name: 'id' },
      values: ['one'],
      alias: { name: 'p', columns: [] },
    };
    const facts = last([select([{ kind: 'star', qualifier: [] }], [pivot])]);
    expect(outputs(facts)).toEqual(['public.people.email', 'public.people.id/derived public.people.ssn/derived']);
    expect(uses(facts)).toContain('public.people.email group');
  });

  it('unpivots put columns under one another', () => {
    const columns = ['ssn', 'email'].map((name) => ({ kind: 'column' as const, qualifier: [], name }));
    const unpivot: FromItem = {
      kind: 'unpivot',
      source: from('people'),
      value: 'v',
      name: 'n',
      columns,
      alias: { name: 'u', columns: [] },
    };
    const facts = last([select([{ kind: 'star', qualifier: [] }], [unpivot])]);
    expect(outputs(facts)).toEqual(['public.people.id', 'public.people.email public.people.ssn', '']);
    expect(Array.isArray(facts?.outputs) && facts.outputs[1]?.mixed).toBe('columns');
  });

  it('that become one document derive it from everything', () => {
    const statement: Statement = { kind: 'select', span, query: { ...query([column('ssn'), column('id')], 'people'), document: 'json' } };
    expect(outputs(last([statement]))).toEqual(['public.people.id/derived public.people.ssn/derived']);
  });

  it('may name outputs inside of expressions where the dialect lets them', () => {
    const named: Query = {
      ...query([], 'people'),
      body: {
        ...query([], 'people').body,
        items: [{ expression: column('ssn'), name: 'z' }],
        having: equal(both(column('z')), literal('x')),
      },
    };
    const statement: Statement = { kind: 'select', span, query: named };
    expect(reasons(last([statement]))).toEqual(['unknown-column']);
    const facts = last([statement], optionsFor({}, { outputNamesInside: true }));
    expect([reasons(facts), uses(facts)]).toEqual([[], ['public.people.ssn output', 'public.people.ssn predicate-other']]);
  });

  it('reach other servers by names of four parts', () => {
    expect(reasons(last([select([column('a')], [{ kind: 'relation', name: ['s', 'db', 'public', 't'], only: false }])]))).toContain(
      'foreign-data',
    );
  });

  it('find the default schema behind an empty part', () => {
    const facts = last([select([column('ssn')], [{ kind: 'relation', name: ['db', '', 'people'], only: false }])]);
    expect(outputs(facts)).toEqual(['public.people.ssn']);
  });

  it('compute methods of values that are known, and no others', () => {
    const method = (name: string): Expression => ({ kind: 'method', operand: column('ssn'), method: name, arguments: [] });
    const options = optionsFor({}, { pureMethods: new Set(['value']) });
    expect(outputs(last([select([method('value')], 'people')], options))).toEqual(['public.people.ssn/derived']);
    expect(reasons(last([select([method('novelty')], 'people')], options))).toEqual(['unknown-routine']);
  });
});
