import { describe, expect, it } from '@jest/globals';
import { isStatement, type StatementFacts } from '@sqlwarden/core';
import { catalogueFromDefinitions } from '../catalog/from-definitions.js';
import { analyse } from './analyse.js';
import { parseUnit } from './parse.js';

const CONTEXT = { serverVersion: 16, lexical: { quoted_identifier: 'on' } };

function statementsOf(text: string): readonly unknown[] {
  const result = parseUnit(text, CONTEXT);
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`);
  return result.unit.statements;
}

const catalogue = catalogueFromDefinitions(statementsOf('create table people (id int, ssn varchar(11))').filter(isStatement), {
  database: 'crm',
});

function factsOf(text: string): readonly StatementFacts[] {
  const state = { id: 1, database: 'crm', role: 'app', searchPath: ['dbo', 'sys'], lexical: CONTEXT.lexical };
  return analyse(
    { statements: statementsOf(text) },
    { catalogue, state, stateChangedInTransaction: false, schemaChangedInTransaction: false },
  ).statements;
}

const isSeenThrough = (text: string): boolean => factsOf(text).every(({ opaque }) => opaque.length === 0);

describe('SET FMTONLY', () => {
  it.each([
    'SET FMTONLY ON select * from people SET FMTONLY OFF',
    'set fmtonly on; select ssn from people; select id from dbo.people; set fmtonly off; select id from people',
    'SET FMTONLY OFF; select id from people',
    'SET NOEXEC OFF SET NO_BROWSETABLE OFF SET SHOWPLAN_XML OFF SET FMTONLY, NOEXEC OFF select id from people',
  ])('around queries alone keeps names certain, and has the state read again: %s', (text) => {
    expect(isSeenThrough(text)).toBe(true);
    expect(factsOf(text).some(({ stateEffect }) => stateEffect === 'unknown')).toBe(true);
  });

  it.each([
    'SET FMTONLY ON select id from people',
    'SET FMTONLY ON select id into #t from people SET FMTONLY OFF select id from people',
    'SET FMTONLY ON declare @x int; select @x = id from people SET FMTONLY OFF select id from people',
    'SET FMTONLY ON drop table people SET FMTONLY OFF select id from people',
    'IF 1 = 0 SET FMTONLY ON select id from people SET FMTONLY OFF select id from people',
    'SET FMTONLY ON select id from people; l: select id from people SET FMTONLY OFF select id from people',
    'SET FMTONLY, NOEXEC ON select id from people SET FMTONLY OFF select id from people',
    'SET NOEXEC ON select id from people SET NOEXEC OFF select id from people',
    'SET NO_BROWSETABLE ON select id from people SET NO_BROWSETABLE OFF',
    'SET PARSEONLY OFF select id from people',
  ])('around anything else makes names uncertain: %s', (text) => expect(isSeenThrough(text)).toBe(false));
});
