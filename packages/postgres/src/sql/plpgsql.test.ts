import { describe, expect, it } from '@jest/globals';
import type { Statement } from '@sqlwarden/core';
import { createParser } from './parse.js';
import { isStatement } from '@sqlwarden/core';

const parse = createParser();

async function only(text: string): Promise<Statement> {
  const result = await parse(text, { serverVersion: 180_000, lexical: { standard_conforming_strings: 'on' } });
  if (!result.ok) throw new Error(result.failure.message);
  const [statement] = result.unit.statements.filter(isStatement);
  if (statement === undefined) throw new Error('no statement');
  return statement;
}

/** The statements of a body; `undefined` when it is not understood. */
async function body(text: string, signature = 'f(a integer, b text) RETURNS text'): Promise<readonly Statement[] | undefined> {
  const statement = await only(`CREATE FUNCTION ${signature} LANGUAGE plpgsql AS $body$ ${text} $body$`);
  return statement.kind === 'create-routine' ? statement.body : undefined;
}

/** The kinds of the statements after the declarations, nested ones in brackets. */
async function outline(text: string, signature?: string): Promise<string> {
  const statements = (await body(text, signature)) ?? [];
  return statements.slice(1).map(kind).join(' ');
}

function kind(statement: Statement): string {
  if (statement.kind === 'if') return `if(${statement.branches.map((branch) => branch.statements.map(kind).join(' ')).join(' | ')})`;
  if (statement.kind === 'loop') return `loop(${statement.statements.map(kind).join(' ')})`;
  if (statement.kind === 'block') return `block(${statement.statements.map(kind).join(' ')} ! ${statement.handlers.map(kind).join(' ')})`;
  return statement.kind;
}

describe('PL/pgSQL bodies', () => {
  it('keep their branches, loops and handlers', async () => {
    const text = `DECLARE n integer := 5; r record;
      BEGIN
        IF a > 1 THEN UPDATE t SET x = b; ELSIF a < 0 THEN n := 1; ELSE DELETE FROM t; END IF;
        FOR r IN SELECT * FROM t LOOP n := n + r.x; END LOOP;
        FOR i IN 1..3 LOOP PERFORM g(i); END LOOP;
        WHILE n < 5 LOOP EXIT WHEN n = 3; END LOOP;
        CASE a WHEN 1 THEN n := 1; ELSE NULL; END CASE;
        RETURN b;
      EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'no %', n; END`;
    await expect(outline(text)).resolves.toBe(
      'block(if(update | assign | delete) loop(select assign) loop(assign select) loop(if(control)) assign if(assign | ) control ! message) control',
    );
  });

  it('declare variables, with what they begin with, but not parameters', async () => {
    const [declared] = (await body('DECLARE n integer := a; r t%ROWTYPE; BEGIN RETURN n; END')) ?? [];
    const variables = declared?.kind === 'declare-variables' ? declared.variables : [];
    expect(variables.map(({ variable, value }) => [variable.name, value?.kind])).toEqual([
      ['found', undefined],
      ['n', 'column'],
      ['r', undefined],
    ]);
  });

  it('say where the rows of a query go', async () => {
    const statements = await body('DECLARE r record; BEGIN SELECT x, y INTO a, b FROM t; SELECT * INTO r FROM t; PERFORM f(); END');
    expect(statements?.slice(1, 4).map((statement) => (statement.kind === 'select' ? statement.into : undefined))).toEqual([
      { kind: 'variables', variables: [column('a'), column('b')] },
      { kind: 'variables', variables: [column('r')] },
      { kind: 'variables', variables: [] },
    ]);
  });

  it('assign to variables, fields and elements', async () => {
    const statements = await body(`DECLARE r record; l text[]; BEGIN r.x := a; l[a = 1] := b; b = 'x:=y'; END`);
    const assigned = statements?.filter((statement) => statement.kind === 'assign').map(({ target, value }) => [target, value.kind]);
    expect(assigned).toEqual([
      [{ kind: 'column', qualifier: ['r'], name: 'x' }, 'column'],
      [column('l'), 'construct'],
      [column('b'), 'literal'],
    ]);
  });

  it('assign to elements by what is asked to find them', async () => {
    const [, assigned] = (await body('DECLARE l text[]; BEGIN l[f(a)] := b; END')) ?? [];
    expect(JSON.stringify(assigned)).toContain('"kind":"call","name":["f"]');
  });

  it.each(['x /* = 1 -- */ := f(a)', "x -- = $$\n := f(a) || 'a$$ -- '", "x[E'\\'] = 1 -- '||f(a)] := 1", 'x[$$] = 1 -- $$||f(a)] := 1'])(
    'are opaque where the sign of an assignment may be another one: %s',
    async (text) => {
      expect(await body(`DECLARE x text[]; BEGIN ${text}; END`)).toBeUndefined();
    },
  );

  it('take a row type for a record', async () => {
    await expect(outline('DECLARE r t%ROWTYPE; BEGIN r.x := a; RETURN r.x; END')).resolves.toBe('assign control');
  });

  it('run text', async () => {
    await expect(outline(`BEGIN EXECUTE 'x' || b INTO b USING a; RETURN b; END`)).resolves.toBe('dynamic assign control');
    await expect(outline(`BEGIN RETURN QUERY EXECUTE b; END`, 'f(b text) RETURNS SETOF text')).resolves.toBe('dynamic control');
  });

  it('give the arguments of a cursor to its parameters', async () => {
    const text =
      'DECLARE c CURSOR (k integer, j integer) FOR SELECT x FROM t WHERE id = k; BEGIN OPEN c(j := 2, k := a); FETCH c INTO b; CLOSE c; END';
    const statements = await body(text);
    expect(statements?.slice(1).map(kind)).toEqual(['assign', 'assign', 'declare', 'fetch', 'close', 'control']);
    expect(statements?.[1]).toMatchObject({ target: column('k'), value: column('a') });
  });

  it('return the variables of parameters that go out', async () => {
    const statements = await body('BEGIN x := 1; END', 'f(OUT x integer, OUT y text)');
    expect(statements?.at(-1)).toMatchObject({
      kind: 'control',
      what: 'return',
      value: { kind: 'row', fields: [column('x'), column('y')] },
    });
  });

  it('return no row at the end of a function that returns rows', async () => {
    const statements = await body('BEGIN RETURN QUERY SELECT 1; END', 'f() RETURNS TABLE (x integer)');
    expect(statements?.at(-1)).toEqual(expect.not.objectContaining({ value: expect.anything() }));
  });

  it('know what an error says for what it is only where it is read', async () => {
    const quiet = await body('BEGIN RETURN b; EXCEPTION WHEN others THEN RETURN NULL; END');
    expect(JSON.stringify(quiet)).not.toContain('opaque');
    const told = await body('BEGIN RETURN b; EXCEPTION WHEN others THEN RETURN SQLERRM; END');
    expect(JSON.stringify(told)).toContain('opaque');
  });

  it('are not understood where one variable hides another', async () => {
    await expect(body('DECLARE n text := a; BEGIN DECLARE n text; BEGIN n := b; END; RETURN n; END')).resolves.toBeUndefined();
    await expect(
      outline('DECLARE i integer; BEGIN FOR i IN 1..2 LOOP NULL; END LOOP; FOR i IN 1..2 LOOP NULL; END LOOP; END'),
    ).resolves.toBe('loop(assign) loop(assign) control');
  });

  it('are not understood where a part is not', async () => {
    await expect(body('BEGIN SELECT FROM WHERE; END')).resolves.toBeUndefined();
    await expect(body('BEGIN no such thing; END')).resolves.toBeUndefined();
  });

  it('stand in DO', async () => {
    await expect(only(`DO $$ BEGIN IF true THEN DROP TABLE t; END IF; END $$`)).resolves.toMatchObject({
      kind: 'do',
      body: [{ kind: 'declare-variables' }, { kind: 'if' }, { kind: 'control' }],
    });
    await expect(only(`DO 'BEGIN PERFORM ''it''; END'`)).resolves.toMatchObject({ body: expect.any(Array) });
  });

  it('write the row of a trigger', async () => {
    const statements = await body('BEGIN NEW.changed := now(); RETURN NEW; END', 'f() RETURNS trigger');
    expect(statements?.at(-2)).toMatchObject({ kind: 'assign', target: { kind: 'column', qualifier: ['new'], name: 'changed' } });
    expect(statements?.at(-1)).toMatchObject({ kind: 'control', value: column('new') });
  });
});

function column(name: string) {
  return { kind: 'column', qualifier: [], name };
}
