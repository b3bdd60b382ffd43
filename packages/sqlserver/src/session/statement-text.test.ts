import { describe, expect, it } from '@jest/globals';
import type { DeclaredParameter } from '../sql/declared-parameters.js';
import { callText, type CallArgument, statementText, tableTypeText } from './statement-text.js';

const parameter = (name: string, type: string, more: Partial<DeclaredParameter> = {}): DeclaredParameter => ({
  name,
  type,
  isOutput: false,
  mayBeTable: false,
  ...more,
});
const argument = (name: string, more: Partial<CallArgument> = {}): CallArgument => ({
  name,
  isOutput: false,
  isDefault: false,
  isTable: false,
  type: 'int',
  ...more,
});

describe('the text that a statement with parameters is judged as', () => {
  it('is the text itself when nothing comes back', () => {
    const text = 'SELECT name FROM people WHERE id = @id';
    expect(statementText(text, [parameter('id', 'int')])).toEqual({ text, hasDeclare: false, outputs: [] });
  });

  it('declares what comes back or is a table, and selects what comes back', () => {
    const declared = [
      parameter('id', 'int'),
      parameter('name', 'nvarchar(80)', { isOutput: true }),
      parameter('keys', 'dbo.keys', { mayBeTable: true }),
    ];
    expect(statementText('SELECT @name = name FROM people -- one', declared)).toEqual({
      text: 'DECLARE @name nvarchar(80), @keys dbo.keys;\nSELECT @name = name FROM people -- one\n;SELECT @name',
      hasDeclare: true,
      outputs: ['name'],
    });
  });
});

describe('the text that the call of a procedure is judged as', () => {
  const procedure = { parts: ['hr', 'raise'], number: undefined };

  it('gives arguments by name and by place', () => {
    expect(callText(procedure, [argument(''), argument('@by'), argument('@why', { isDefault: true })])).toEqual({
      text: 'EXECUTE [hr].[raise] @p1, @by = @by, @why = DEFAULT',
      hasDeclare: false,
      outputs: [],
    });
    expect(callText(procedure, [])?.text).toBe('EXECUTE [hr].[raise]');
  });

  it('declares and selects what comes back', () => {
    const given = [
      argument('', { isOutput: true }),
      argument('@keys', { isTable: true, type: tableTypeText({ schema: 'dbo', type: 'a]b' }) }),
    ];
    expect(callText(procedure, given)).toEqual({
      text: 'DECLARE @p1 int, @keys [dbo].[a]]b];\nEXECUTE [hr].[raise] @p1 OUTPUT, @keys = @keys\n;SELECT @p1',
      hasDeclare: true,
      outputs: ['p1'],
    });
  });

  it('takes no name twice for an argument without one', () => {
    expect(callText(procedure, [argument(''), argument('@P1')])?.text).toBe('EXECUTE [hr].[raise] @p1_, @P1 = @P1');
  });

  it.each(['a', '@', '@a b', '@a;', "@a'", '@a,@b', '@a--'])('takes no argument called %j', (name) => {
    expect(callText(procedure, [argument(name)])).toBeUndefined();
  });
});
