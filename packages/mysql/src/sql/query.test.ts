import { describe, expect, it } from '@jest/globals';
import { unreachable, type FromItem, type Query, type QueryBody, type QueryStatement, type Select } from '@sqlwarden/core';
import { parseUnit } from './parse.js';
import { isStatement } from '@sqlwarden/core';

const MYSQL = { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
const MARIADB = { ...MYSQL, flavour: 'mariadb' };

function parse(text: string, lexical: Record<string, string> = MYSQL): QueryStatement {
  const result = parseUnit(text, { serverVersion: lexical['flavour'] === 'mysql' ? 80_036 : 101_119, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  const [only] = result.unit.statements.filter(isStatement);
  if (only?.kind !== 'select') throw new Error('no query');
  return only;
}

function select(text: string, lexical: Record<string, string> = MYSQL): Select {
  const { body } = parse(text, lexical).query;
  if (body.kind !== 'select') throw new Error('no select');
  return body;
}

/** The shape of a query as text: every set operation and join in parentheses. */
function shape(query: Query): string {
  const tail = [
    query.with && 'with',
    query.orderBy.length > 0 && 'order',
    query.limit && 'limit',
    query.offset && 'offset',
    query.locks.length > 0 && 'lock',
  ];
  return [bodyShape(query.body), ...tail.filter((part) => typeof part === 'string')].join(' ');
}

function bodyShape(body: QueryBody): string {
  switch (body.kind) {
    case 'select':
      return body.from.length === 0 ? `s${body.items.map((item) => item.name).join()}` : `from ${body.from.map(itemShape).join(', ')}`;
    case 'values':
      return `values${body.rows.length}`;
    case 'set-operation':
      return `(${shape(body.left)} ${body.operator}${body.all ? ' all' : ''} ${shape(body.right)})`;
    case 'opaque':
      return 'opaque';
    default:
      return unreachable(body);
  }
}

function itemShape(item: FromItem): string {
  const alias =
    item.alias === undefined ? '' : ` as ${item.alias.name}${item.alias.columns.length > 0 ? `(${item.alias.columns.join()})` : ''}`;
  switch (item.kind) {
    case 'relation':
      return `${item.name.join('.')}${alias}`;
    case 'subquery':
      return `${item.lateral ? 'lateral ' : ''}[${shape(item.query)}]${alias}`;
    case 'join':
      return `(${itemShape(item.left)} ${item.natural ? 'natural ' : ''}${item.type}${item.on ? ' on' : ''}${item.using ? ` using ${item.using.join()}` : ''} ${itemShape(item.right)})`;
    case 'construct':
      return `${item.name}(${item.columns.join()})${alias}`;
    case 'routine':
    case 'pivot':
    case 'unpivot':
    case 'modification':
    case 'opaque':
      return item.kind;
    default:
      return unreachable(item);
  }
}

describe('set operations', () => {
  it.each([
    ['select 1 union select 2', '(s1 union s2)'],
    ['select 1 union all select 2 union select 3', '((s1 union all s2) union s3)'],
    ['select 1 union select 2 intersect select 3', '(s1 union (s2 intersect s3))'],
    ['select 1 intersect select 2 except select 3', '((s1 intersect s2) except s3)'],
    ['select 1 union select 2 order by 1 limit 1', '(s1 union s2) order limit'],
    ['(select 1 order by 1) union (select 2 limit 1)', '(s1 order union s2 limit)'],
    ['((select 1) union select 2) except select 3', '((s1 union s2) except s3)'],
    ['(select 1 limit 1) limit 2', 'from [s1 limit] limit'],
    ['((select 1))', 's1'],
    ['table t', 'from t'],
    ['table t order by a limit 1', 'from t order limit'],
    ['values row(1, 2), row(3, 4)', 'values2'],
    ['with a as (select 1) select 2 from a', 'from a with'],
    ['with a as (select 1) (select 2 from a) union select 3', '(from a union s3) with'],
    ['(with a as (select 1) select 2 from a) limit 1', 'from [from a with] limit'],
  ])('%s', (text, expected) => {
    expect(shape(parse(text).query)).toBe(expected);
  });

  it('stay shallow, however many they are', () => {
    for (const word of ['union all', 'union', 'intersect']) {
      let query = parse(Array.from({ length: 3_000 }, () => 'select 1').join(` ${word} `)).query;
      for (let depth = 0; query.body.kind === 'set-operation'; depth += 1) {
        expect(depth).toBeLessThan(20);
        query = query.body.left;
      }
    }
  });

  it('have table value constructors of their own in MariaDB', () => {
    expect(shape(parse('values (1, 2), (3, 4)', MARIADB).query)).toBe('values2');
    expect(shape(parse('select 1 from (values (1), (2)) as v', MARIADB).query)).toBe('from [values2] as v');
    expect(() => parse('values (1, 2)')).toThrow();
  });
});

describe('FROM', () => {
  it.each([
    ['a right join b on 1 natural right join c', '(c natural left (b left on a))', '(c natural left (a right on b))'],
    [
      '(a right join b on 1 join c) join d using (x)',
      '(((b left on a) cross c) inner using x d)',
      '(((a right on b) cross c) inner using x d)',
    ],
    ['a right join (b join c using (x)) on 1 join d using (y)', '(((b inner using x c) left on a) inner using y d)', undefined],
  ])('%j: `*` has the tables of the joins whose columns are merged in an order of the server', (text, mysql, mariadb) => {
    expect(select(`select 1 from ${text}`).from.map(itemShape)).toEqual([mysql]);
    if (mariadb !== undefined) expect(select(`select 1 from ${text}`, MARIADB).from.map(itemShape)).toEqual([mariadb]);
  });

  it.each([
    ['a, b', 'a, b'],
    ['Db.A as X', 'Db.A as X'],
    ['a x, b y', 'a as x, b as y'],
    ['a join b on 1', '(a inner on b)'],
    ['a join b', '(a cross b)'],
    ['a cross join b on 1', '(a inner on b)'],
    ['a straight_join b on 1', '(a inner on b)'],
    ['a left outer join b using (x, y)', '(a left using x,y b)'],
    ['a right join b on 1', '(a right on b)'],
    ['a natural join b', '(a natural inner b)'],
    ['a natural left join b', '(a natural left b)'],
    ['a natural right join b', '(b natural left a)'],
    ['a right join b using (x)', '(b left using x a)'],
    ['a right join b on 1 join c on 1', '((a right on b) inner on c)'],
    ['a full join b', '(a as full cross b)'],
    ['a join b on 1, c', '(a inner on b), c'],
    ['a, b left join c on 1', 'a, (b left on c)'],
    ['a join b on 1 join c on 2', '((a inner on b) inner on c)'],
    ['a join b join c on 1 on 2', '(a inner on (b inner on c))'],
    ['a left join b left join c on 1 on 2', '(a left on (b left on c))'],
    ['a join b left join c on 1', '((a cross b) left on c)'],
    ['a join (b, c) on 1', '(a inner on (b cross c))'],
    ['(a, b join c)', '(a cross (b cross c))'],
    ['((a))', 'a'],
    ['(select 1) x', '[s1] as x'],
    ['(select 1) as x (p, q)', '[s1] as x(p,q)'],
    ['((select 1) union select 2) x', '[(s1 union s2)] as x'],
    ['((select 1) x join a on 1)', '([s1] as x inner on a)'],
    ['(((select 1) x, a) join b)', '(([s1] as x cross a) cross b)'],
    ['a, lateral (select 1) x', 'a, lateral [s1] as x'],
    ['{oj a left join b on 1}', '(a left on b)'],
    ['a partition (p0, p1) as x use index for join (i, primary) ignore key (j), b', 'a as x, b'],
    [
      "a, json_table(a.d, '$[*]' columns (i for ordinality, x int path '$.x' default '1' on empty, nested path '$.y[*]' columns (z json path '$'))) as j",
      'a, json_table(i,x,z) as j',
    ],
    ['dual', ''],
  ])('%s', (text, expected) => {
    expect(select(`select * from ${text}`).from.map(itemShape).join(', ')).toBe(expected);
  });

  it('knows the history of tables in MariaDB', () => {
    const [item] = select('select * from t for system_time as of timestamp @x as a', MARIADB).from;
    expect(item).toMatchObject({ kind: 'relation', alias: { name: 'a' }, sample: [{ kind: 'variable' }] });
    expect(select('select * from t for system_time between @x and @y', MARIADB).from).toMatchObject([{ sample: [{}, {}] }]);
  });

  it.each(['a left join b', 'a on 1', 'a join', '(a', '(select 1)', 'a natural b', 'a,'])('is not read when it is wrong: %s', (text) => {
    expect(() => parse(`select * from ${text}`)).toThrow();
  });
});

describe('SELECT', () => {
  it('has its clauses', () => {
    const found = select(
      'select sql_no_cache distinct a from t where b group by c, d desc with rollup having e window w as (partition by f)',
    );
    expect(found).toMatchObject({ distinct: [], where: { name: 'b' }, groupBy: [{ name: 'c' }, { name: 'd' }], having: { name: 'e' } });
    expect(found.windows).toMatchObject([{ name: 'w', window: { partitionBy: [{ name: 'f' }] } }]);
  });

  it.each([
    ['a', 'a'],
    ['T.A', 'a'],
    ['(a)', 'a'],
    ['a as B', 'b'],
    ["a 'Some Name'", 'some name'],
    ["a as ' x'", 'x'],
    ['a `select`', 'select'],
    ["'Text'", 'text'],
    ["'a' 'b'", 'ab'],
    ['a  +  1', 'a  +  1'],
    ['COUNT( * )', 'count( * )'],
    ['+1', '1'],
    ['null', 'null'],
    ['@A', '@a'],
    ['a count', 'count'],
    ['1e5x', 'x'],
  ])('shows %s as its header does', (text, name) => {
    expect(select(`select ${text} from t`).items.map((item) => item.name)).toEqual([name]);
  });

  it('has stars', () => {
    expect(select('select *, t.*, Db.T.* from t').items.map((item) => item.expression)).toEqual([
      { kind: 'star', qualifier: [] },
      { kind: 'star', qualifier: ['t'] },
      { kind: 'star', qualifier: ['Db', 'T'] },
    ]);
    expect(() => parse('select a, * from t')).toThrow();
  });
});

describe('what stands behind a query', () => {
  it.each([
    ['limit 5', { limit: { value: '5' } }],
    ['limit 5 offset 2', { limit: { value: '5' }, offset: { value: '2' } }],
    ['limit 2, ?', { limit: { kind: 'parameter' }, offset: { value: '2' } }],
  ])('%s', (text, expected) => {
    expect(parse(`select 1 from t ${text}`).query).toMatchObject(expected);
  });

  it.each([
    ['offset 2 rows fetch first 5 rows only', { limit: { value: '5' }, offset: { value: '2' } }],
    ['fetch next row with ties', { limit: { value: '1' } }],
    ['limit 5 rows examined 100', { limit: { value: '5' } }],
  ])('%s (MariaDB)', (text, expected) => {
    expect(parse(`select 1 from t ${text}`, MARIADB).query).toMatchObject(expected);
  });

  it('has locks', () => {
    expect(parse('select 1 from t, u for update of t skip locked for share of u nowait').query.locks).toEqual([
      { strength: 'update', of: [['t']] },
      { strength: 'share', of: [['u']] },
    ]);
    expect(parse('select 1 from t lock in share mode').query.locks).toEqual([{ strength: 'share', of: [] }]);
  });

  it.each([
    'select a, b into @x, y from t',
    'select a, b from t into @x, y',
    'select a, b from t limit 1 into @x, y for update',
    'select a, b from t for update into @x, y',
    '(select a, b from t into @x, y)',
    'select 1, 2 union select a, b into @x, y from t',
  ])('puts rows into variables: %s', (text) => {
    expect(parse(text).into).toEqual({
      kind: 'variables',
      variables: [
        { kind: 'variable', scope: 'session', name: 'x' },
        { kind: 'column', qualifier: [], name: 'y' },
      ],
    });
  });

  it('puts rows into files', () => {
    const format = String.raw`character set utf8mb4 fields terminated by ',' optionally enclosed by '"' lines terminated by '\n'`;
    expect(parse(`select a from t into outfile '/tmp/x' ${format}`).into).toEqual({ kind: 'file' });
    expect(parse("select a into dumpfile '/tmp/x' from t").into).toEqual({ kind: 'file' });
  });

  it.each([
    'select (select 1 into @x)',
    'select 1 from (select 1 into @x) a',
    'select 1 into @x into @y',
    "select 1 limit 'a'",
    'select 1 limit 1 + 1',
  ])('is not read where it may not stand: %s', (text) => {
    expect(() => parse(text)).toThrow();
  });
});

describe('WITH', () => {
  it('names its tables', () => {
    const { with: found } = parse('with recursive A (x, Y) as (select 1 union select x + 1 from A), b as (select 2) select * from b').query;
    expect(found).toMatchObject({
      recursive: 'itself',
      tables: [
        { name: 'A', columns: ['x', 'y'] },
        { name: 'b', columns: [] },
      ],
    });
  });
});

describe('RECURSIVE', () => {
  const forward = 'with recursive a as (select ssn from people), people as (select 1 as ssn) select * from a';

  it('knows the tables behind in MariaDB alone', () => {
    expect([MYSQL, MARIADB].map((lexical) => parse(forward, lexical).query.with?.recursive)).toEqual(['itself', true]);
  });
});

describe('words that servers reserve', () => {
  it('are names where they are not reserved', () => {
    expect(select('select 1 rank from t', MARIADB).items).toMatchObject([{ name: 'rank' }]);
    expect(() => select('select 1 rank from t')).toThrow();
    expect(select('select 1 offset from t').items).toMatchObject([{ name: 'offset' }]);
    expect(() => select('select 1 offset from t', MARIADB)).toThrow();
    expect(select('select t.order, t.select from t').items).toMatchObject([{ name: 'order' }, { name: 'select' }]);
    expect(() => select('select t. order from t')).toThrow();
  });
});
