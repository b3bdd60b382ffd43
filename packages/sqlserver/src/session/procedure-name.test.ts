import { describe, expect, it } from '@jest/globals';
import { type ProcedureName, procedureName, quotedName, systemProcedure } from './procedure-name.js';

const read = (text: string): ProcedureName => {
  const name = procedureName(text);
  if (name === undefined) throw new Error('no name');
  return name;
};

describe('the name of a procedure in an RPC', () => {
  it.each([
    ['p', '[p]'],
    ['dbo.p', '[dbo].[p]'],
    ['db..p', '[db]..[p]'],
    ['srv.db.dbo.p', '[srv].[db].[dbo].[p]'],
    ['[a]]b].[c.d]', '[a]]b].[c.d]'],
    ['"a""b".p', '[a"b].[p]'],
    ['p;1', '[p];1'],
    ['p ;2 ', '[p];2'],
    ['#temporary', '[#temporary]'],
    ['überweisung', '[überweisung]'],
  ])('%s is %s', (text, quoted) => {
    expect(quotedName(read(text))).toBe(quoted);
  });

  it.each(['', '.', 'dbo.', 'a.b.c.d.e', 'p; DROP TABLE t', 'p -- x', 'p q', '[p', '"p', "p'", 'p(1)', '[a]b', 'p;x', 'p;1;2', 'p\u0000'])(
    '%j is none',
    (text) => {
      expect(procedureName(text)).toBeUndefined();
    },
  );

  it('is that of a procedure of the server in its own schemas only', () => {
    expect(systemProcedure(read('SP_ExecuteSql'))).toBe('sp_executesql');
    expect(systemProcedure(read('[sys].[sp_executesql]'))).toBe('sp_executesql');
    expect(systemProcedure(read('dbo.sp_executesql'))).toBe('sp_executesql');
    expect(systemProcedure(read('hr.sp_executesql'))).toBeUndefined();
    expect(systemProcedure(read('crm..sp_executesql'))).toBeUndefined();
    expect(systemProcedure(read('sp_executesql;2'))).toBeUndefined();
  });

  it('is read in linear time', () => {
    expect(procedureName('['.repeat(200_000))).toBeUndefined();
    expect(procedureName(`[${']]'.repeat(200_000)}`)).toBeUndefined();
    expect(procedureName('a.'.repeat(200_000))).toBeUndefined();
  });
});
