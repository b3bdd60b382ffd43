import { describe, expect, it } from '@jest/globals';
import { intentFromRow, stateFromRow, userFromRow } from './sql-state.js';

const CI = 'SQL_Latin1_General_CP1_CI_AS';
const row = (...changed: readonly (readonly [at: number, value: string | null])[]): (string | null)[] => {
  const values: (string | null)[] = ['crm', 'hr', 'ada', '1', CI, CI, CI, null, null, null];
  for (const [at, value] of changed) values[at] = value;
  return values;
};

describe('the state of a session', () => {
  it('is the database, the user, where names are looked for, and the lexis', () => {
    expect(stateFromRow(row())).toMatchObject({
      database: 'crm',
      role: 'ada',
      searchPath: ['hr', 'dbo', 'sys'],
      lexical: { quoted_identifier: 'on', case_sensitive: 'off' },
    });
    expect(userFromRow(row())).toBe('ada');
  });

  it('is one object when it is equal', () => {
    expect(stateFromRow(row())).toBe(stateFromRow(row()));
    expect(stateFromRow(row([3, '0']))).not.toBe(stateFromRow(row()));
    expect(stateFromRow(row([3, '0']))?.lexical['quoted_identifier']).toBe('off');
  });

  it('names no schema twice, and none where the user has none', () => {
    expect(stateFromRow(row([1, 'DBO']))?.searchPath).toEqual(['dbo', 'sys']);
    expect(stateFromRow(row([1, null]))?.searchPath).toEqual(['dbo', 'sys']);
  });

  it.each([
    [4, 'Latin1_General_CS_AS'],
    [5, 'Latin1_General_100_BIN2'],
    [6, 'Latin1_General_BIN'],
    [6, null],
    [4, 'Latin1_General_100_CS_AI_SC_UTF8'],
  ])('tells cases apart when one of the collations does: %s %s', (at, collation) => {
    expect(stateFromRow(row([at, collation]))?.lexical['case_sensitive']).toBe('on');
  });

  it('is not known from another row', () => {
    expect(stateFromRow(row().slice(1))).toBeUndefined();
    expect(stateFromRow(row([0, null]))).toBeUndefined();
    expect(stateFromRow(row([2, null]))).toBeUndefined();
    expect(stateFromRow(row([3, null]))).toBeUndefined();
    expect(stateFromRow(row([3, '']))).toBeUndefined();
  });

  it('says why the session runs what it runs', () => {
    expect(intentFromRow(row())).toBeUndefined();
    expect(intentFromRow(row([7, 'support'], [8, 'CHG-7']))).toEqual({
      purpose: { value: 'support', source: 'setting' },
      ticket: { value: 'CHG-7', source: 'setting' },
    });
  });
});
