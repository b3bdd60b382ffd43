import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { ParserAnswer } from '@sqlwarden/core';

/** A worker runs what was built; jest reads the sources. */
const entry = new URL('../../dist/sql/parser-worker.js', import.meta.url);

describe('the parser worker', () => {
  let worker: Worker;
  const context = { serverVersion: 180_004, lexical: { standard_conforming_strings: 'on' } };

  beforeAll(() => {
    if (!existsSync(entry)) throw new Error('build the package before its tests: tsc -b packages/postgres');
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
      { id: 8, text: 'selec' },
      { id: 9, text: `select ${'('.repeat(5_000)}` },
    ]);
    expect(answers.map(({ id }) => id)).toEqual([7, 8, 9]);
    expect(answers).toMatchObject([
      { result: { ok: true, unit: { statements: [{ kind: 'select' }, { kind: 'select' }] } } },
      { result: { ok: false, failure: { kind: 'syntax', position: 0 } } },
      { result: { ok: false, failure: { kind: 'limit' } } },
    ]);
  });

  it.each([
    ['operators', `select ${'1+'.repeat(240)}1`],
    ['set operations', `select 1 ${'union select 1 '.repeat(240)}`],
    ['joins', `select * from t ${'join t on true '.repeat(240)}`],
    ['calls', `select ${'f('.repeat(240)}1${')'.repeat(240)}`],
    ['CASE', `select ${'case when a then '.repeat(240)}1${' end'.repeat(240)}`],
    ['queries', `select ${'(select '.repeat(240)}1${')'.repeat(240)}`],
    ['queries in FROM', `${'select * from ('.repeat(240)} select 1 ${') x'.repeat(240)}`],
    ['common tables', `${'with x as ('.repeat(240)}select 1${') select 1'.repeat(240)}`],
    ['casts', `select a${'::int'.repeat(120)}`],
    ['IN lists', `select ${'a in ('.repeat(120)}1${')'.repeat(120)}`],
  ])('hands over %s as deep as the limits allow', async (_, text) => {
    const [answer] = await ask([{ id: 1, text }]);
    expect(answer).toMatchObject({ id: 1, result: { ok: true } });
  });
});
