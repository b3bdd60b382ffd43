import { describe, expect, it } from '@jest/globals';
import type { StatementFacts } from '@sqlwarden/core';
import { copyToClient } from './copy-to-client.js';
import { createParser } from './parse.js';

const facts = (...names: string[]): StatementFacts =>
  ({ outputs: names.map((name) => ({ name, origins: [], opaque: false })) }) as unknown as StatementFacts;

async function of(text: string, ...names: string[]): Promise<ReturnType<typeof copyToClient>> {
  const parsed = await createParser()(text, { serverVersion: 180004, lexical: { standard_conforming_strings: 'on' } });
  if (!parsed.ok) throw new Error(parsed.failure.message);
  return copyToClient(parsed.unit, parsed.unit.statements.length - 1, text, facts(...names));
}

describe('copyToClient', () => {
  it.each<[string, string[], object]>([
    ['copy people to stdout', ['id', 'E mail'], { format: 'text', describe: 'SELECT "id", "E mail" FROM ONLY "people"' }],
    ['copy crm.people (id) to stdout (format binary)', ['id'], { format: 'binary', describe: 'SELECT "id" FROM ONLY "crm"."people"' }],
    [
      'copy people to stdout with csv header delimiter $$;$$ null $$-$$',
      ['id'],
      { format: 'csv', header: true, delimiter: ';', nullText: '-', describe: 'SELECT "id" FROM ONLY "people"' },
    ],
    ["select 1; /* ( */ copy (select ')', ssn from people) to stdout", ['x'], { format: 'text', describe: "select ')', ssn from people" }],
    [
      'copy (delete from people returning (id)) to stdout (header false, format csv, force_quote *)',
      ['id'],
      { format: 'csv', header: false, describe: 'delete from people returning (id)' },
    ],
  ])('%s', async (text, names, want) => {
    expect(await of(text, ...names)).toEqual(want);
  });

  it.each([
    "copy people to '/tmp/x'",
    "copy people to program 'cat'",
    'copy people from stdin',
    'select 1',
    "copy people to stdout (encoding 'latin1')",
  ])('is not sure of: %s', async (text) => {
    expect(await of(text, 'id')).toBeUndefined();
  });
});
