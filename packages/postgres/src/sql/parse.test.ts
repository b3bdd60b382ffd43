import { describe, expect, it } from '@jest/globals';
import type { ParseFailure, ParseResult, Statement } from '@sqlwarden/core';
import fc from 'fast-check';
import { GRAMMAR_MAJORS } from './grammar.js';
import { DEFAULT_LIMITS } from './limits.js';
import { createParser } from './parse.js';
import { isStatement } from '@sqlwarden/core';

const parse = createParser();
const on = { standard_conforming_strings: 'on' };

function run(text: string, major = 18, lexical: Record<string, string> = on): Promise<ParseResult> {
  return parse(text, { serverVersion: major * 10_000 + 4, lexical });
}

async function statements(text: string, major = 18): Promise<Statement[]> {
  const result = await run(text, major);
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit.statements.filter(isStatement);
}

async function failure(text: string, lexical = on): Promise<ParseFailure> {
  const result = await run(text, 18, lexical);
  if (result.ok) throw new Error('the text was parsed');
  return result.failure;
}

describe('createParser', () => {
  it.each(GRAMMAR_MAJORS)('parses with the grammar of PostgreSQL %i', async (major) => {
    expect(await statements('select a from t', major)).toMatchObject([{ kind: 'select' }]);
  });

  it('reads a text by the rules of its own major', async () => {
    const [hexadecimal] = await statements('select 0x1F', 16);
    const [alias] = await statements('select 0x1F', 15);
    expect(hexadecimal).toMatchObject({ query: { body: { items: [{ expression: { value: '31' } }] } } });
    expect(alias).toMatchObject({ query: { body: { items: [{ expression: { value: '0' }, name: 'x1f' }] } } });
  });

  it('refuses an unknown major', async () => {
    const result = await run('select 1', 19);
    expect(result).toEqual({ ok: false, failure: { kind: 'limit', message: expect.stringContaining('no grammar of PostgreSQL 19') } });
  });

  it('has no statements in a text without any', async () => {
    expect(await statements(' ; -- nothing\n;')).toEqual([]);
  });

  it('answers with plain data that can be cloned', async () => {
    const result = await run('with x as (delete from t returning *) select * from x');
    expect(structuredClone(result)).toEqual(result);
  });

  it('gives spans in UTF-16 whatever the text holds', async () => {
    const text = "select 'ä€🙂';\n /* 🙂 */ update t set a = '🙂' ; select 3";
    const spans = (await statements(text)).map(({ span }) => text.slice(span.start, span.end));
    expect(spans).toEqual(["select 'ä€🙂'", "update t set a = '🙂' ", 'select 3']);
  });

  it('finds a span again by parsing it alone', async () => {
    const piece = fc.constantFrom("select 'é'", 'select 1 as "🙂"', 'update t set a = 1', "select $$;$$ || ';'", 'begin');
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(';', ' ;\n', '; -- é;\n', ';/*🙂*/'),
        async (pieces, glue) => {
          const text = pieces.join(glue);
          const found = await statements(text);
          expect(found).toHaveLength(pieces.length);
          for (const [at, { span }] of found.entries()) {
            const [alone] = await statements(text.slice(span.start, span.end));
            expect(alone?.kind).toBe(found[at]?.kind);
            expect(text.slice(span.start, span.end)).toContain(pieces[at]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('what is not parsed', () => {
  it('is a syntax error where the server would answer with one too, at its place', async () => {
    expect(await failure("select '🙂🙂' frm x y z")).toMatchObject({ kind: 'syntax', position: 18 });
  });

  it.each(["select 'hunter2", 'select 1 1 hunter2', "select U&'\\hunter2'", "select 'x' 'hunter2' 'z'", "select x'hunter2"])(
    'quotes nothing of %s',
    async (text) => {
      const found = await failure(text);
      expect(found.kind).toBe('syntax');
      expect(found.message).not.toContain('hunter2');
    },
  );

  it('is a NUL character', async () => {
    expect(await failure('select 1\0; drop table t')).toMatchObject({ kind: 'limit', position: 8 });
  });

  it('is a backslash while standard_conforming_strings is off', async () => {
    const off = { standard_conforming_strings: 'off' };
    expect(await failure(String.raw`select '\' or 1=1 --'`, off)).toMatchObject({ kind: 'limit', position: 8 });
    expect((await run("select 'plain'", 18, off)).ok).toBe(true);
  });

  it.each([
    ['parentheses', `select ${'('.repeat(2_000)}1${')'.repeat(2_000)}`],
    ['chained operators', `select ${'1+'.repeat(10_000)}1`],
    ['chained operators between names that look like clauses', `select ${'t. limit+t."x" -t.and+'.repeat(1_000)}1 from t`],
    ['nested queries', `${'select ('.repeat(1_500)}1${')'.repeat(1_500)}`],
    ['nested CASE', `select ${'case when a then '.repeat(1_500)}1${' end'.repeat(1_500)}`],
    ['chained set operations', `select 1 ${'union select 1 '.repeat(2_000)}`],
    ['nested comments', `${'/*'.repeat(25_000)}${'*/'.repeat(25_000)} select 1`],
    ['UPDATE inside of UPDATE', `${'update t set (a,b)=(with x as ('.repeat(20)}update t set a=1${') select 1,2)'.repeat(20)}`],
    ['more text than allowed', `select ${'a,'.repeat(200_000)}b`],
  ])('is too many %s, and says so fast', async (_, text) => {
    const started = performance.now();
    expect((await failure(text)).kind).toBe('limit');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('is nothing that applications send: long lists, deep but not too deep', async () => {
    const list = Array.from({ length: 20_000 }, (_, at) => at).join(',');
    expect((await run(`select * from t where id in (${list})`)).ok).toBe(true);
    const rows = Array.from({ length: 20_000 }, (_, at) => `(${at}, 'name ${at}', null, true)`).join(',');
    const insert = `insert into t values ${rows}`;
    expect(insert.length).toBeGreaterThan(DEFAULT_LIMITS.maxTextBytes);
    expect((await run(insert)).ok).toBe(true);
    expect((await run(`select ${Array.from({ length: 200 }, () => "'a'").join(' || ')}`)).ok).toBe(true);
    expect((await run(Array.from({ length: 200 }, () => 'select 1').join(' union all '))).ok).toBe(true);
  });

  it('does not spoil the parser for what comes after it', async () => {
    const deep = createParser({ ...DEFAULT_LIMITS, maxDepth: 1_000_000 });
    const context = { serverVersion: 180_004, lexical: on };
    for (let round = 0; round < 3; round += 1) {
      const result = await deep(`select ${'1+'.repeat(30_000)}1`, context);
      expect(result).toMatchObject({ ok: false, failure: { kind: 'internal' } });
      expect((await deep('select 1', context)).ok).toBe(true);
    }
  });

  it('does not spoil the parser, however many large and deep texts come that are just within the limits', async () => {
    const deep = `${'('.repeat(200)}1${')'.repeat(200)}`;
    const large = `select ${Array.from({ length: 240 }, () => deep).join(', ')}`;
    expect(large.length).toBeGreaterThan(95_000);
    for (let round = 0; round < 40; round += 1) expect((await run(large)).ok).toBe(true);
    expect(await run('select a from t')).toMatchObject({ ok: true, unit: { statements: [{ kind: 'select' }] } });
  });

  it('is never the cause of an exception', async () => {
    const word = fc.constantFrom(
      'select',
      'from',
      'where',
      '(',
      ')',
      ',',
      "'",
      '"',
      '$$',
      '*',
      '=',
      't',
      'a',
      '1',
      'with',
      'as',
      'update',
      'set',
      'insert into',
      'values',
      ';',
      '::',
      '[',
      ']',
      'case',
      'end',
      'over',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 25 }), async (words) => {
        const result = await run(words.join(' '));
        if (!result.ok) expect(['syntax', 'limit']).toContain(result.failure.kind);
      }),
      { numRuns: 300 },
    );
  });
});
