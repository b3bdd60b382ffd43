import { describe, expect, it } from '@jest/globals';
import type { AnalyseContext, ParsedUnit, ResolvedCatalogue, Statement, StatementFacts, VariableFacts } from '@sqlwarden/core';
import { catalogueFromDefinitions } from '../catalog/from-definitions.js';
import { analyse, relationOutputs } from './analyse.js';
import { parseUnit } from './parse.js';

const lexical = { flavour: 'mysql', sql_mode: '', character_set_client: 'utf8mb4', lower_case_table_names: '0' };
const state = { id: 1, database: 'd', role: 'app', searchPath: ['d'], lexical };
const catalogue = catalogueFromDefinitions([], { database: 'd' });

function parse(text: string): ParsedUnit {
  const result = parseUnit(text, { serverVersion: 80_400, lexical });
  if (!result.ok) throw new Error(result.failure.message);
  return result.unit;
}

function factsOf(unit: ParsedUnit, more: Partial<AnalyseContext> = {}): StatementFacts | undefined {
  return analyse(unit, { catalogue, state, stateChangedInTransaction: false, schemaChangedInTransaction: false, ...more }).statements[0];
}

const kinds = (facts: StatementFacts | undefined): readonly string[] | undefined => facts?.opaque.map(({ kind }) => kind);

describe('what is written in system schemas', () => {
  const withAccounts = catalogueFromDefinitions(
    parse('create table mysql.user (host char(60), user char(32))').statements as readonly Statement[],
    {
      database: 'd',
    },
  );

  it.each([
    ["insert into mysql.user (host, user) values ('%', 'me')", 'privilege'],
    ["update mysql.global_priv set priv = '{}'", 'privilege'],
    ['replace into mysql.tables_priv values (1)', 'privilege'],
    ['delete from mysql.db where 1 = 0', 'privilege'],
    ['delete u from d.t join mysql.user as u', 'privilege'],
    ['update d.t join mysql.user as u set u.user = t.a', 'privilege'],
    ['truncate table mysql.role_edges', 'privilege'],
    ['drop table mysql.user', 'privilege'],
    ['create table mysql.mine (a int)', 'privilege'],
    ['alter table mysql.user add column a int', 'privilege'],
    ['rename table mysql.user to mysql.old, d.t to mysql.user', 'privilege'],
    ["load data infile '/x' into table mysql.user", 'administrative'],
    ["use mysql; insert into user (host, user) values ('%', 'me')", 'privilege'],
    ["begin; insert into mysql.user (host, user) values ('%', 'me')", 'privilege'],
    ["prepare s from 'delete from mysql.user'; execute s", 'privilege'],
    ["update performance_schema.setup_consumers set enabled = 'NO'", 'administrative'],
    ['delete from sys.sys_config', 'administrative'],
  ])('is no plain write: %s', (text, kind) => {
    const facts = analyse(parse(text), {
      catalogue: withAccounts,
      state,
      stateChangedInTransaction: false,
      schemaChangedInTransaction: false,
    }).statements;
    expect(facts.map((each) => each.class)).toContain(kind);
    expect(facts.at(-1)).toMatchObject({ elevated: true });
  });

  it('is a plain write elsewhere', () => {
    expect(factsOf(parse('insert into d.t values (1)'))).toMatchObject({ class: 'write', elevated: false });
  });
});

describe('what the session has left in a variable', () => {
  const unit = parse('select @v');

  it('is not known where nobody says it', () => {
    expect(kinds(factsOf(unit))).toEqual(['session-state']);
  });

  it('is nothing where it is said that there is none', () => {
    expect(factsOf(unit, { variables: new Map() })).toMatchObject({ opaque: [], outputs: [{ origins: [], opaque: false }] });
  });

  it('is what it derives from', () => {
    const origins = [{ column: 'd.people.ssn', how: 'same' }] as const;
    const variables = new Map<string, VariableFacts>([['v', { name: 'v', origins, opaque: false }]]);
    expect(factsOf(unit, { variables })).toMatchObject({ outputs: [{ origins: [{ column: 'd.people.ssn' }] }] });
  });
});

describe('what another adapter has made', () => {
  const unknown = { action: 'unknown', class: 'administrative', outputs: 'unknown', elevated: true, stateEffect: 'unknown' };

  it('is opaque as a unit', () => {
    const facts = factsOf({ statements: [{ node: 'SelectStmt' }] });
    expect(facts).toMatchObject(unknown);
    expect(kinds(facts)).toEqual(['complexity']);
  });

  it('is opaque as a catalogue', () => {
    const foreign: ResolvedCatalogue = { catalogue: catalogue.catalogue };
    expect(factsOf(parse('select 1'), { catalogue: foreign })).toMatchObject(unknown);
    expect(relationOutputs(foreign, 'd.people')).toBe('unknown');
  });
});
