import { describe, expect, it } from '@jest/globals';
import { batchesOf } from './batch-script.js';
import { scriptOf, splitStatements } from './file-script.js';
import { mysqltestScript } from './mysqltest-script.js';

const measured = (...texts: string[]): { id: string; sql: string }[] => texts.map((sql, at) => ({ id: String(at), sql }));

describe('a regression file of PostgreSQL', () => {
  it('is split at ends of statements, not inside of dollar quotes', () => {
    const script = 'CREATE FUNCTION f() RETURNS int AS $$\nSELECT 1;\n$$ LANGUAGE sql;\nSELECT 2; -- two\n';
    expect(splitStatements(script)).toEqual(['CREATE FUNCTION f() RETURNS int AS $$\nSELECT 1;\n$$ LANGUAGE sql;\n', 'SELECT 2; -- two\n']);
  });

  it('loses the commands of psql and the rows of COPY', () => {
    expect(splitStatements('\\set x 1\nCOPY t FROM stdin;\n1\n2\n\\.\nSELECT 1;\n')).toEqual(['\nCOPY t FROM stdin;\n', 'SELECT 1;\n']);
  });

  it('has the measured statements where they stand', () => {
    expect(scriptOf('CREATE TABLE t (a int);\nSELECT a FROM t;\nDROP TABLE t;\n', measured('SELECT a FROM t'))).toEqual([
      { kind: 'run', sql: 'CREATE TABLE t (a int);\n' },
      { kind: 'measured', statement: { id: '0', sql: 'SELECT a FROM t' } },
      { kind: 'run', sql: 'DROP TABLE t;\n' },
    ]);
  });

  it('keeps measured statements that are not in it', () => {
    expect(scriptOf('', measured('SELECT 1'))).toEqual([{ kind: 'measured', statement: { id: '0', sql: 'SELECT 1' } }]);
  });
});

describe('a mysqltest file', () => {
  it('follows the delimiter and loses the commands of the client', () => {
    const script =
      '--error 1\nlet $a= 1;\ncreate table t (a int); insert into t values (1);\ndelimiter |;\ncreate procedure p() begin select 1; end|\ndelimiter ;|\nselect 2;\n';
    const steps = mysqltestScript(script, []).map((step) => (step.kind === 'run' ? step.sql : step.statement.sql));
    expect(steps).toEqual(['create table t (a int)', 'insert into t values (1)', 'create procedure p() begin select 1; end', 'select 2']);
  });
});

describe('a script of T-SQL', () => {
  it('is parted by GO and keeps its order', () => {
    expect(batchesOf('create table t (a int)\nGO\nselect a from t\ngo\n', measured('select a from t'))).toEqual([
      { sql: 'create table t (a int)' },
      { id: '0', sql: 'select a from t' },
    ]);
  });

  it('loses the parts of another language', () => {
    expect(batchesOf('-- psql\nselect 1\ngo\nselect 2\ngo\n-- tsql\nselect 3\ngo\n', [])).toEqual([{ sql: '-- tsql\nselect 3' }]);
  });
});
