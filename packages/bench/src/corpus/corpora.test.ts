import { describe, expect, it } from '@jest/globals';
import type { ParseResult } from '@sqlwarden/core';
import { fileOf, parseEntries } from './corpus-files.js';
import { invalidIds } from './invalid-ids.js';
import { type EditionResult, type Outcome, outcomeOf, shortfalls } from './measure-edition.js';
import { MARIADB_CONTEXT } from './editions.js';
import { sample } from './sample.js';

describe('entries of a corpus', () => {
  it('are read from lines', () => {
    const entries = parseEntries('{"id":"f.sql:1","sql":"SELECT 1","source":"s","truth":{"mariadb":1}}\n\n', 'f');
    expect(entries).toEqual([{ id: 'f.sql:1', sql: 'SELECT 1', source: 's', truth: { mariadb: 1 } }]);
    expect(entries.map(fileOf)).toEqual(['f.sql']);
  });

  it('need an id and a text', () => {
    expect(() => parseEntries('{"id":"1"}', 'f')).toThrow('line 1 of f');
  });
});

describe('a sample', () => {
  const items = Array.from({ length: 100 }, (_, at) => at);

  it('is the same for the same seed, in order, and another for another', () => {
    const first = sample(items, 10, 1);
    expect(first).toHaveLength(10);
    expect(sample(items, 10, 1)).toEqual(first);
    expect([...first].sort((a, b) => a - b)).toEqual(first);
    expect(sample(items, 10, 2)).not.toEqual(first);
  });

  it('is everything where there is not more', () => {
    expect(sample([1, 2], 3, 1)).toEqual([1, 2]);
  });
});

describe('the outcome of a text', () => {
  const answer = (result: ParseResult): Outcome => outcomeOf({ kind: 'answer', ms: 1, answer: { result } });

  it('is parsed, refused, or a crash where the parser gave up or had to be killed', () => {
    expect(answer({ ok: true, unit: { statements: [] } }).kind).toBe('parsed');
    expect(answer({ ok: false, failure: { kind: 'syntax', message: 'x', position: 3 } })).toEqual({
      kind: 'refused',
      reason: 'syntax: x (at 3)',
    });
    expect(answer({ ok: false, failure: { kind: 'limit', message: 'x' } }).kind).toBe('refused');
    expect(answer({ ok: false, failure: { kind: 'internal', message: 'x' } }).kind).toBe('crashed');
    expect(outcomeOf({ kind: 'overran', ms: 5_000 }).kind).toBe('crashed');
    expect(outcomeOf({ kind: 'died', detail: 'x', ms: 1 }).kind).toBe('crashed');
  });
});

describe('thresholds', () => {
  const result = (overrides: Partial<EditionResult>): EditionResult => ({
    edition: { label: 'c', corpus: 'mysql-app', context: MARIADB_CONTEXT, accepts: () => true, minimum: 0.99 },
    accepted: 100,
    parsed: 99,
    refused: [],
    crashed: [],
    slow: [],
    falseAccepts: [],
    otherCount: 0,
    ...overrides,
  });

  it('are kept by a result that reaches them', () => {
    expect(shortfalls(result({}))).toEqual([]);
  });

  it('are missed by too few parsed, one crash, or one that is slow', () => {
    expect(shortfalls(result({ parsed: 98 }))).toEqual(['c: 98.00 % parsed, 99.00 % wanted']);
    expect(shortfalls(result({ crashed: [{ id: 'i', reason: 'r' }] }))).toHaveLength(1);
    expect(shortfalls(result({ slow: [{ id: 'i', ms: 300 }] }))).toHaveLength(1);
  });
});

describe('the list of entries that are not T-SQL', () => {
  it('has ids of the application corpus, each with a reason', () => {
    const ids = invalidIds();
    expect(ids.size).toBeGreaterThan(0);
    for (const [id, reason] of ids) {
      expect(id).toMatch(/^(?:knex|kysely|sequelize|defog):[\w.-]+:\d+$/);
      expect(reason).not.toBe('');
    }
  });
});
