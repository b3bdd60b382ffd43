import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { ParserAnswer } from '@sqlwarden/core';

/** A worker runs what was built; jest reads the sources. */
const entry = new URL('../../dist/sql/parser-worker.js', import.meta.url);

describe('the parser worker', () => {
  let worker: Worker;
  const context = { serverVersion: 16, lexical: { quoted_identifier: 'on' } };

  beforeAll(() => {
    if (!existsSync(entry)) throw new Error('build the package before its tests: tsc -b packages/sqlserver');
    worker = new Worker(entry);
  });
  afterAll(() => worker.terminate());

  function ask(requests: readonly { readonly id: number; readonly text: string }[]): Promise<ParserAnswer[]> {
    return new Promise((resolve, reject) => {
      const answers: ParserAnswer[] = [];
      const hear = (answer: ParserAnswer): void => {
        answers.push(answer);
        if (answers.length < requests.length) return;
        worker.off('message', hear).off('error', reject).off('messageerror', reject);
        resolve(answers);
      };
      worker.on('message', hear).on('error', reject).on('messageerror', reject);
      for (const { id, text } of requests) worker.postMessage({ id, text, context });
    });
  }

  it('answers every request under its id, in order', async () => {
    const answers = await ask([
      { id: 7, text: 'select 1; select 2' },
      { id: 8, text: 'select from' },
      { id: 9, text: `select ${'('.repeat(5_000)}` },
    ]);
    expect(answers.map(({ id }) => id)).toEqual([7, 8, 9]);
    expect(answers).toMatchObject([
      { result: { ok: true, unit: { statements: [{ kind: 'select' }, { kind: 'select' }] } } },
      { result: { ok: false, failure: { kind: 'syntax', position: 7 } } },
      { result: { ok: false, failure: { kind: 'limit' } } },
    ]);
  });

  it.each([
    ['operators', `select ${'1+'.repeat(700)}1`],
    ['set operations', `select 1 ${'union select 1 '.repeat(1_000)}`],
    ['joins', `select * from t ${'join t on 1 = 1 '.repeat(150)}`],
    ['calls', `select ${'f('.repeat(100)}1${')'.repeat(100)}`],
    ['queries', `select ${'(select '.repeat(60)}1${')'.repeat(60)}`],
    ['queries in FROM', `${'select * from ('.repeat(60)} select 1 as a ${') x'.repeat(60)}`],
    ['blocks', `${'begin '.repeat(60)} select 1 ${'end '.repeat(60)}`],
    ['branches', `${'if 1 = 1 select 1 else '.repeat(1_000)} select 2`],
  ])('hands over %s as deep as the limits allow', async (_, text) => {
    const [answer] = await ask([{ id: 1, text }]);
    expect(answer).toMatchObject({ id: 1, result: { ok: true } });
  });
});
