import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkStartup } from './startup-parameters.js';

function check(parameters: Readonly<Record<string, string>>, minorVersion = 0) {
  return checkStartup(new Map(Object.entries({ user: 'ada', ...parameters })), minorVersion);
}

/** What drivers send when nothing is set, and with what people usually set. */
const DRIVERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'psql with PGTZ, PGDATESTYLE and PGOPTIONS': {
    database: 'crm',
    application_name: 'psql',
    client_encoding: 'UTF8',
    datestyle: 'ISO',
    timezone: 'UTC',
    geqo: 'off',
    options: '-c search_path=app,public -c statement_timeout=5min',
  },
  pgJDBC: {
    database: 'crm',
    client_encoding: 'UTF8',
    DateStyle: 'ISO',
    TimeZone: 'Europe/Berlin',
    extra_float_digits: '2',
    application_name: 'PostgreSQL JDBC Driver',
    search_path: 'app',
    options: '-c default_transaction_read_only=on',
  },
  Npgsql: { database: 'crm', client_encoding: 'UTF8', application_name: 'api', search_path: 'app', TimeZone: 'UTC' },
  'node-postgres': {
    database: 'crm',
    client_encoding: 'UTF8',
    application_name: 'api',
    replication: 'false',
    statement_timeout: '1000',
    lock_timeout: '100',
    idle_in_transaction_session_timeout: '1000',
  },
  asyncpg: { database: 'crm', client_encoding: "'utf-8'", jit: 'off' },
  'tokio-postgres': { database: 'crm', client_encoding: 'UTF8', options: '-cstatement_timeout=5s --lock-timeout=1s' },
  pgx: { database: 'crm', application_name: 'api', default_transaction_isolation: 'repeatable read', standard_conforming_strings: 'on' },
};

describe('startup parameters', () => {
  it.each(Object.entries(DRIVERS))('lets %s in', (_name, parameters) => {
    expect(check(parameters)).toMatchObject({ kind: 'accepted', user: 'ada', database: 'crm' });
  });

  it('gives the server its own spelling, the last of several, and UTF8', () => {
    const checked = check({ datestyle: 'ISO', options: '-c work_mem=8MB -c DATESTYLE=German --work-mem=9MB', client_encoding: 'unicode' });
    expect(checked.kind === 'accepted' && [...checked.parameters]).toEqual([
      ['DateStyle', 'German'],
      ['work_mem', '9MB'],
      ['client_encoding', 'UTF8'],
    ]);
  });

  it.each([
    ['no user', { user: '' }, 'no user name'],
    ['replication', { replication: 'true' }, 'replication connections are not supported'],
    ['replication of a database', { replication: 'database' }, 'replication connections are not supported'],
    ['another encoding', { client_encoding: 'SQL_ASCII' }, 'client_encoding must be UTF8'],
    ['backslashes in plain strings', { standard_conforming_strings: 'off' }, 'standard_conforming_strings must be left'],
    ['a role', { options: '-c role=postgres' }, 'role is not supported'],
    ['a session user', { options: '-csession_authorization=postgres' }, 'session_authorization is not supported'],
    ['libraries', { options: '--local-preload-libraries=x' }, 'local_preload_libraries is not supported'],
    ['row security', { row_security: 'off' }, 'row_security is not supported'],
    ['a setting of an extension', { 'app.tenant': '7' }, 'app.tenant is not supported'],
    ['a switch of the server', { options: '-P' }, 'options may only hold settings'],
    ['a setting that is cut short', { options: '-c' }, 'options may only hold settings'],
    ['an escaped name', { options: '-c r\\ole=x' }, 'role is not supported'],
    ['an encoding behind an escape', { options: '-c client_encoding=LAT\\IN1' }, 'client_encoding must be UTF8'],
  ])('refuses %s, by its name and never by its value', (_name, parameters, words) => {
    const checked = check(parameters);
    expect(checked).toMatchObject({ kind: 'refused', message: expect.stringContaining(words) });
  });

  it('negotiates protocol options away and refuses none of them', () => {
    expect(check({ '_pq_.grease': '1', '_pq_.other': '' })).toMatchObject({ unrecognised: ['_pq_.grease', '_pq_.other'] });
  });

  it.each([
    [0, 4],
    [1, 4],
    [2, 32],
    [9999, 32],
  ])('of protocol 3.%d have a cancel key of %d bytes', (minor, bytes) => {
    expect(check({}, minor)).toMatchObject({ secretBytes: bytes });
  });

  it('never lets a value out in a refusal, nor a name through that is not on the list', () => {
    const allowed = new Set(['client_encoding']);
    for (const parameters of Object.values(DRIVERS)) {
      const checked = check(parameters);
      if (checked.kind === 'accepted') for (const name of checked.parameters.keys()) allowed.add(name);
    }
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ minLength: 4 }).map((value) => `secret${value}`),
        (name, value) => {
          const checked = check({ [name]: value, options: `-c ${name}=${value}` });
          if (checked.kind === 'refused') expect(checked.message).not.toContain('secret');
          else for (const key of checked.parameters.keys()) expect(key).toMatch(/^[A-Za-z_]+$/);
        },
      ),
    );
  });
});
