import { describe, expect, it } from '@jest/globals';
import type { FromItem, Query, Select, Statement } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

const context = { serverVersion: 16, lexical: { quoted_identifier: 'on', case_sensitive: 'off' } };

function statement(text: string): Statement {
  const result = parseUnit(text, context);
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message} at ${result.failure.position ?? 0}`);
  const [only, ...others] = result.unit.statements as readonly Statement[];
  if (only === undefined || others.length > 0) throw new Error('not one statement');
  return only;
}

function query(text: string): Query {
  const only = statement(text);
  if (only.kind !== 'select') throw new Error(only.kind);
  return only.query;
}

function body(text: string): Select {
  const { body: only } = query(text);
  if (only.kind !== 'select') throw new Error(only.kind);
  return only;
}

function from(text: string): FromItem {
  return body(`SELECT * FROM ${text}`).from[0]!;
}

function refused(text: string): string {
  const result = parseUnit(text, context);
  return result.ok ? 'parsed' : result.failure.kind;
}

const table = (name: string): FromItem => ({ kind: 'relation', name: [name], only: false });

describe('select items', () => {
  it.each<[string, string[]]>([
    ['a', ['a']],
    ['T.Name', ['name']],
    ['a AS [First Name]', ['first name']],
    [`a 'Label'`, ['label']],
    ['a b', ['b']],
    ['Total = a + 1', ['total']],
    [`'Total' = a`, ['total']],
    ['a + 1', ['']],
    ['count(*)', ['']],
    ['a AS [order/@id]', ['order/@id']],
    ['1a', ['a']],
  ])('%s is called %j', (items, names) => {
    expect(body(`SELECT ${items} FROM t`).items.map((item) => item.name)).toEqual(names);
  });

  it('reads stars', () => {
    expect(body('SELECT *, t.*, dbo.t.* FROM t').items.map((item) => item.expression)).toEqual([
      { kind: 'star', qualifier: [] },
      { kind: 'star', qualifier: ['t'] },
      { kind: 'star', qualifier: ['dbo', 't'] },
    ]);
  });

  it('assigns to variables, also compound', () => {
    const variable = { kind: 'variable', scope: 'local', name: 'x' };
    expect(statement('SELECT @X = a, @x += b FROM t')).toMatchObject({
      kind: 'select',
      into: { kind: 'assignments' },
      query: {
        body: {
          items: [
            { expression: { kind: 'assignment', variable, value: { name: 'a' } } },
            { expression: { kind: 'assignment', variable, value: { kind: 'operator', operands: [variable, { name: 'b' }] } } },
          ],
        },
      },
    });
    expect(refused('SELECT a FROM (SELECT @x = a FROM t) AS d')).toBe('syntax');
  });

  it('does not take TOP for a factor, and a percentage or ties for no number of rows', () => {
    expect(query('SELECT TOP 5 * FROM t')).toMatchObject({ limit: { value: '5' }, body: { items: [{ expression: { kind: 'star' } }] } });
    expect(query('SELECT DISTINCT TOP (@n) a FROM t')).toMatchObject({ limit: { kind: 'variable' }, body: { distinct: [] } });
    expect(query('SELECT TOP 10 PERCENT a FROM t').limit).toMatchObject({ kind: 'construct' });
    expect(query('SELECT TOP (1) WITH TIES a FROM t ORDER BY b').limit).toMatchObject({ kind: 'construct' });
  });

  it('refuses an n that could be a column or a prefix', () => {
    expect(refused(`SELECT n'x' FROM t`)).toBe('limit');
    expect(refused(`SELECT N'x' FROM t`)).toBe('parsed');
  });
});

describe('SELECT INTO', () => {
  it('makes a table, temporary by its name', () => {
    expect(statement('SELECT a INTO #T FROM t')).toMatchObject({ kind: 'create-table-as', name: ['#t'], temporary: true });
    expect(statement('SELECT a INTO db..t2 FROM t UNION ALL SELECT b FROM u')).toMatchObject({
      kind: 'create-table-as',
      name: ['db', '', 't2'],
      temporary: false,
      source: { query: { body: { kind: 'set-operation' } } },
    });
    expect(refused('SELECT a FROM (SELECT a INTO u FROM t) AS d')).toBe('syntax');
    expect(refused('SELECT a FROM t UNION SELECT a INTO u FROM t')).toBe('syntax');
  });
});

describe('relations', () => {
  it.each<[string, string[]]>([
    ['T', ['t']],
    ['[My Schema].[T ]', ['my schema', 't']],
    ['db..t', ['db', '', 't']],
    ['server.db.dbo.t', ['server', 'db', 'dbo', 't']],
    ['#t', ['#t']],
    ['tempdb..##T', ['tempdb', '', '##t']],
    ['@T', ['@t']],
  ])('%s is %j', (text, name) => {
    expect(from(text)).toEqual({ kind: 'relation', name, only: false });
  });

  it('refuses quoted names that look like variables', () => {
    expect(refused('SELECT a FROM [@t]')).toBe('limit');
    expect(refused('SELECT a FROM t AS [@t]')).toBe('limit');
    expect(refused('SELECT a FROM a.b.c.d.e')).toBe('syntax');
  });

  it.each<[string, boolean]>([
    ['t AS x WITH (NOLOCK)', false],
    ['t (NOLOCK) x', false],
    ['t x (UPDLOCK, HOLDLOCK)', true],
    ['t x WITH (INDEX(ix, 1), TABLOCKX)', true],
    ['t AS x WITH (FORCESEEK (ix (a, b)) READPAST)', false],
  ])('reads the hints of %s', (text, locks) => {
    expect(from(text)).toEqual({ kind: 'relation', name: ['t'], only: false, alias: { name: 'x', columns: [] }, ...(locks && { locks }) });
  });

  it('keeps the expressions of periods and samples', () => {
    expect(from('t FOR SYSTEM_TIME BETWEEN @a AND @b AS x')).toMatchObject({
      alias: { name: 'x' },
      sample: [{ name: 'a' }, { name: 'b' }],
    });
    expect(from('t TABLESAMPLE SYSTEM (10 PERCENT) REPEATABLE (3)')).toMatchObject({ sample: [{ value: '10' }, { value: '3' }] });
  });
});

describe('joins', () => {
  it('joins from the left', () => {
    expect(from('a INNER HASH JOIN b ON 1 = 1 LEFT OUTER JOIN c ON 2 = 2')).toMatchObject({
      kind: 'join',
      type: 'left',
      left: { kind: 'join', type: 'inner', left: table('a'), right: table('b') },
      right: table('c'),
    });
  });

  it('gives each ON to the nearest join that waits for one', () => {
    expect(from('a JOIN b JOIN c ON 1 = 1 ON 2 = 2')).toMatchObject({
      left: table('a'),
      right: { kind: 'join', left: table('b'), right: table('c'), on: { left: { value: '1' } } },
      on: { left: { value: '2' } },
    });
  });

  it('sees a table behind a comma that follows ON', () => {
    expect(body('SELECT * FROM a JOIN b ON a.x = b.x, c').from).toMatchObject([{ kind: 'join' }, table('c')]);
  });

  it('reads joins in parentheses, queries in parentheses, and both', () => {
    expect(from('(a CROSS JOIN b)')).toMatchObject({ kind: 'join', type: 'cross', left: table('a'), right: table('b') });
    expect(from('(SELECT 1 AS a) AS d (x)')).toMatchObject({ kind: 'subquery', alias: { name: 'd', columns: ['x'] } });
    expect(from('((SELECT 1 AS a) UNION (SELECT 2)) AS d')).toMatchObject({
      kind: 'subquery',
      query: { body: { kind: 'set-operation' } },
      alias: { name: 'd' },
    });
    expect(from('((SELECT 1 AS a) AS d JOIN b ON 1 = 1)')).toMatchObject({ kind: 'join', left: { kind: 'subquery' } });
    expect(from('(VALUES (1, 2), (3, 4)) AS v (a, b)')).toMatchObject({ kind: 'subquery', query: { body: { kind: 'values' } } });
  });

  it('lets what stands behind APPLY see what stands before it', () => {
    expect(from('a CROSS APPLY (SELECT a.x) AS d')).toMatchObject({ type: 'cross', right: { kind: 'subquery', lateral: true } });
    expect(from('a OUTER APPLY dbo.f(a.x) AS d')).toMatchObject({ type: 'left', right: { kind: 'routine', alias: { name: 'd' } } });
    expect(from('a CROSS JOIN (SELECT 1 AS x) AS d')).toMatchObject({ right: { kind: 'subquery', lateral: false } });
  });

  it('refuses joins of other dialects', () => {
    for (const text of ['a NATURAL JOIN b', 'a JOIN b USING (x)', 'a JOIN b', 'a, ', '(a'])
      expect(refused(`SELECT * FROM ${text}`)).toBe('syntax');
  });
});

describe('other sources', () => {
  it('pivots and unpivots', () => {
    expect(from('t PIVOT (SUM(a) FOR b IN ([x], [Y])) AS p')).toMatchObject({
      kind: 'pivot',
      source: table('t'),
      aggregate: { name: ['sum'] },
      column: { name: 'b' },
      values: ['x', 'y'],
      alias: { name: 'p' },
    });
    expect(from('t UNPIVOT (v FOR n IN (a, b)) AS p')).toMatchObject({
      kind: 'unpivot',
      value: 'v',
      name: 'n',
      columns: [{ name: 'a' }, { name: 'b' }],
    });
  });

  it('reads functions, methods and their columns', () => {
    expect(from(`STRING_SPLIT(@x, ',') AS s`)).toMatchObject({
      kind: 'routine',
      calls: [{ call: { kind: 'call', name: ['string_split'] } }],
    });
    expect(from(`t CROSS APPLY t.x.nodes('/a') AS n (c)`)).toMatchObject({
      right: {
        kind: 'routine',
        calls: [
          { call: { kind: 'method', operand: { qualifier: ['t'], name: 'x' }, method: 'nodes', call: { name: ['t', 'x', 'nodes'] } } },
        ],
        alias: { name: 'n', columns: ['c'] },
      },
    });
    expect(from(`@x.nodes('/a') AS n (c)`)).toMatchObject({
      kind: 'routine',
      calls: [{ call: { operand: { kind: 'variable', name: 'x' } } }],
    });
    expect(from(`OPENJSON(@j, '$.a') WITH (Id int '$.id', Rest nvarchar(max) AS JSON) AS j`)).toMatchObject({
      kind: 'construct',
      name: 'openjson',
      columns: ['id', 'rest'],
      operands: [{ name: 'j' }, {}],
    });
    expect(from('OPENJSON(@j)')).toMatchObject({ columns: ['key', 'value', 'type'] });
  });

  it('reads the tables that rowset functions name', () => {
    expect(from(`CONTAINSTABLE(dbo.docs, (title, text), 'word', 10) AS k`)).toMatchObject({
      kind: 'subquery',
      query: { body: { items: [{ name: 'key' }, { name: 'rank' }], from: [{ kind: 'relation', name: ['dbo', 'docs'] }] } },
      alias: { name: 'k' },
    });
    expect(from('CHANGETABLE(CHANGES dbo.docs, 0) AS c')).toMatchObject({
      operands: [{ query: { body: { from: [{ name: ['dbo', 'docs'] }] } } }],
    });
    expect(from('PREDICT(MODEL = @m, DATA = dbo.docs AS d) WITH (score float) AS p')).toMatchObject({
      operands: [{ query: { body: { items: [{}, { name: 'score' }], from: [{ name: ['dbo', 'docs'] }] } } }],
    });
  });

  it.each([`OPENQUERY(srv, 'SELECT 1') AS q`, `OPENROWSET(BULK 'f', SINGLE_CLOB) AS q`, `OPENDATASOURCE('p', 'c').db.dbo.t AS q`])(
    '%s is data from elsewhere',
    (text) => {
      expect(from(text)).toMatchObject({ kind: 'opaque', reason: { kind: 'foreign-data' }, alias: { name: 'q' } });
    },
  );

  it('reads the rows of a modification', () => {
    expect(from('(DELETE t OUTPUT deleted.a WHERE b = 1) AS d')).toMatchObject({
      kind: 'modification',
      statement: { kind: 'delete', returning: { old: 'deleted' } },
      alias: { name: 'd' },
    });
  });
});

describe('clauses', () => {
  it('reads every expression of GROUP BY', () => {
    const names = (text: string): string[] =>
      body(`SELECT 1 FROM t GROUP BY ${text}`).groupBy.map((key) => (key.kind === 'column' ? key.name : key.kind));
    expect(names('a, b WITH ROLLUP')).toEqual(['a', 'b']);
    expect(names('ROLLUP (a, (b, c)), d')).toEqual(['a', 'b', 'c', 'd']);
    expect(names('GROUPING SETS ((a, b), CUBE (c), ())')).toEqual(['a', 'b', 'c']);
    expect(names('()')).toEqual([]);
  });

  it('reads windows by name', () => {
    expect(body('SELECT SUM(a) OVER w FROM t WINDOW w AS (PARTITION BY b)').windows).toMatchObject([
      { name: 'w', window: { partitionBy: [{ name: 'b' }] } },
    ]);
    expect(from('t window')).toMatchObject({ alias: { name: 'window' } });
  });

  it('reads ORDER BY, OFFSET and FETCH', () => {
    expect(query('SELECT a FROM t ORDER BY a DESC, 2 OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY')).toMatchObject({
      orderBy: [{ expression: { name: 'a' } }, { expression: { value: '2' } }],
      offset: { value: '5' },
      limit: { value: '10' },
    });
  });

  it('knows the column of a document', () => {
    expect(query("SELECT a FROM t FOR JSON PATH, ROOT('r')").document).toBe('JSON_F52E2B61-18A1-11d1-B105-00805F49916B');
    expect(query('SELECT a FROM t FOR XML AUTO').document).toBe('XML_F52E2B61-18A1-11d1-B105-00805F49916B');
    expect(query('SELECT a FROM t FOR BROWSE').document).toBeUndefined();
  });

  it('reads common tables, which may be recursive', () => {
    expect(
      query('WITH a (x) AS (SELECT 1), b AS (SELECT x FROM a UNION ALL SELECT x FROM b) SELECT * FROM b OPTION (MAXRECURSION 5)'),
    ).toMatchObject({
      with: {
        recursive: 'itself',
        tables: [
          { name: 'a', columns: ['x'] },
          { name: 'b', body: { body: { kind: 'set-operation' } } },
        ],
      },
    });
    expect(statement(`WITH XMLNAMESPACES ('u' AS n), a AS (SELECT 1 AS x) SELECT x FROM a`)).toMatchObject({
      query: { with: { tables: [{ name: 'a' }] } },
    });
    expect(refused('WITH a AS (SELECT 1)')).toBe('syntax');
  });
});

describe('set operations', () => {
  const shape = (text: string): string => {
    const walk = ({ body: node }: Query): string => {
      if (node.kind !== 'set-operation')
        return node.kind === 'select' && node.items[0]?.expression.kind === 'literal' ? String(node.items[0].expression.value) : '?';
      return `(${walk(node.left)} ${node.operator}${node.all ? ' all' : ''} ${walk(node.right)})`;
    };
    return walk(query(text));
  };

  it.each<[string, string]>([
    ['SELECT 1 UNION SELECT 2 EXCEPT SELECT 3', '((1 union 2) except 3)'],
    ['SELECT 1 UNION SELECT 2 INTERSECT SELECT 3', '(1 union (2 intersect 3))'],
    ['SELECT 1 EXCEPT SELECT 2 EXCEPT SELECT 3', '((1 except 2) except 3)'],
    ['SELECT 1 UNION ALL SELECT 2 UNION SELECT 3', '((1 union all 2) union 3)'],
    ['(SELECT 1 UNION SELECT 2) INTERSECT (SELECT 3)', '((1 union 2) intersect 3)'],
    ['SELECT 1 UNION ALL (SELECT 2 EXCEPT SELECT 3)', '(1 union all (2 except 3))'],
  ])('%s', (text, expected) => {
    expect(shape(text)).toBe(expected);
  });

  it('keeps TOP with its operand and ORDER BY with the whole', () => {
    expect(query('SELECT TOP 1 a FROM t UNION SELECT b FROM u ORDER BY 1')).toMatchObject({
      orderBy: [{}],
      body: { left: { limit: { value: '1' }, orderBy: [] } },
    });
  });

  it('takes thousands of them', () => {
    expect(refused(`${'SELECT 1 UNION ALL '.repeat(20_000)}SELECT 1`)).toBe('parsed');
  });
});
