import { describe, expect, it } from '@jest/globals';
import type { StatementFacts } from '@sqlwarden/core';
import { OpenCursors } from './open-cursors.js';

const facts = (more: Partial<StatementFacts>): StatementFacts => ({ action: 'select', opaque: [], ...more }) as StatementFacts;
const declare = (name: string, hold = false): StatementFacts =>
  facts({ action: 'declare', cursor: { name, hold, outputs: [{ name: 'id', origins: [], opaque: false }] } });

function open(...declared: readonly StatementFacts[]): OpenCursors {
  const cursors = new OpenCursors();
  cursors.afterUnit(declared, 1);
  return cursors;
}

const known = (cursors: OpenCursors): string[] => [...cursors.outputs].flatMap(([name, outputs]) => (outputs === 'unknown' ? [] : [name]));

describe('OpenCursors', () => {
  it('knows what was declared, and has another key for other content', () => {
    const cursors = open(declare('a'));
    expect(known(cursors)).toEqual(['a']);
    expect(cursors.key).not.toBe('');
    expect(cursors.key).not.toBe(open(declare('b')).key);
    expect(cursors.key).toBe(open(declare('a')).key);
  });

  it.each<[string, (cursors: OpenCursors) => void, string[]]>([
    ['a CLOSE of it', (cursors) => cursors.beforeUnit([facts({ action: 'close', closes: { name: 'a' } })]), ['b']],
    ['CLOSE ALL', (cursors) => cursors.beforeUnit([facts({ action: 'close', closes: { name: undefined } })]), []],
    ['DISCARD', (cursors) => cursors.beforeUnit([facts({ action: 'discard' })]), []],
    ['code that is not seen', (cursors) => cursors.beforeUnit([facts({ action: 'do' })]), []],
    ['an opaque statement', (cursors) => cursors.beforeUnit([facts({ opaque: [{ kind: 'unknown-routine', detail: 'f' }] })]), []],
    ['a portal of its name', (cursors) => cursors.boundPortal('a'), ['b']],
    ['the end of its transaction', (cursors) => cursors.transactionEnded(1, true), ['b']],
    ['the rollback of its transaction, held or not', (cursors) => cursors.transactionEnded(1, false), []],
  ])('forgets by %s', (_note, happens, left) => {
    const cursors = open(declare('a'), declare('b', true));
    const before = cursors.key;
    happens(cursors);
    expect(known(cursors)).toEqual(left);
    expect(cursors.key).not.toBe(before);
  });

  it('keeps what has nothing to do with it', () => {
    const cursors = open(declare('a'));
    const before = cursors.key;
    cursors.beforeUnit([facts({}), facts({ action: 'close', closes: { name: 'other' } })]);
    cursors.boundPortal('other');
    cursors.transactionEnded(2, false);
    expect(cursors.key).toBe(before);
  });

  it('still has the names that code out of sight may have given to others', () => {
    const cursors = open(declare('a', true));
    cursors.beforeUnit([facts({ action: 'execute' })]);
    expect([...cursors.outputs]).toEqual([['a', 'unknown']]);
    expect(cursors.key).not.toBe('');
  });
});
