import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreetds, findFreetdsOdbc, findPython } from '../clients.js';
import type { Finding } from '../finding.js';
import { requireOrSkip } from '../require-or-skip.js';
import { runProgram } from '../run-program.js';
import { startCannedSqlServer, type CannedSqlServer } from './canned-sqlserver.js';
import type { CannedSqlServerOptions } from './canned-server-options.js';

const ANSWERS: NonNullable<CannedSqlServerOptions['answers']> = [
  {
    when: /from people/i,
    give: [
      {
        kind: 'rows',
        columns: [
          { name: 'id', type: 'int not null' },
          { name: 'name', type: 'nvarchar(50)' },
          { name: 'salary', type: 'decimal(12,2)' },
          { name: 'note', type: 'varchar(max)' },
        ],
        rows: [
          [1, 'Ana', '81234.50', 'x'.repeat(9_000)],
          [2, null, null, null],
        ],
      },
    ],
  },
];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'canned-clients-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const running: CannedSqlServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(encryption: NonNullable<CannedSqlServerOptions['encryption']> = 'optional'): Promise<CannedSqlServer> {
  const server = await startCannedSqlServer({ answers: ANSWERS, encryption });
  running.push(server);
  return server;
}

const path = (finding: Finding): string => (finding.found ? finding.path : '');

const tsql = findFreetds('tsql');
(requireOrSkip(tsql) ? describe : describe.skip)('tsql and the canned server of TDS', () => {
  async function run(server: CannedSqlServer, version: string, encryption: string): Promise<string> {
    const place = `host=127.0.0.1\nport=${server.port}\ntds version=${version}\nencryption=${encryption}`;
    writeFileSync(join(directory, 'freetds.conf'), `[canned]\n${place}\n`);
    const { stdout, stderr } = await runProgram(path(tsql), ['-S', 'canned', '-U', 'sa', '-P', server.password, '-o', 'q'], {
      env: { FREETDSCONF: join(directory, 'freetds.conf') },
      timeoutMs: 20_000,
      input: 'select id, name from people\ngo\nexit\n',
    });
    return `${stdout}${stderr}`;
  }

  it.each(['7.1', '7.2', '7.3', '7.4'])('speaks TDS %s', async (version) => {
    const server = await start();
    expect(await run(server, version, 'off')).toMatch(/1\tAna\t81234.50\tx{9000}\n2\tNULL\tNULL\tNULL/);
    expect(server.logins).toMatchObject([
      { applicationName: 'TSQL', tdsVersion: version === '7.3' ? '7.3B' : version, encryption: 'none' },
    ]);
  });

  it.each([
    ['optional', 'off', 'none'],
    ['optional', 'request', 'login'],
    ['optional', 'require', 'full'],
    ['off', 'request', 'login'],
    ['on', 'request', 'full'],
    ['required', 'require', 'full'],
    ['not-supported', 'request', 'none'],
  ] as const)('answered %s, asks to %s: %s', async (answer, asked, want) => {
    const server = await start(answer);
    expect(await run(server, '7.4', asked)).toContain('81234.50');
    expect(server.logins.map(({ encryption }) => encryption)).toEqual([want]);
    expect(server.protocolErrors).toEqual([]);
  });

  it('stops where it requires encryption and the server has none', async () => {
    const server = await start('not-supported');
    expect(await run(server, '7.4', 'require')).toContain('connection failed');
    expect(server.logins).toEqual([]);
  });
});

/** Prints every row of a query with a parameter, then of a plain one in a transaction. */
const PYTHON = {
  pymssql: `
import pymssql, sys
c = pymssql.connect(server='127.0.0.1', port=sys.argv[1], user='sa', password=sys.argv[2], tds_version='7.3', charset='UTF-8')
k = c.cursor()
k.execute('select * from people where id > %d', (0,))
for r in k: print(r[0], r[1], r[2] and float(r[2]), r[3] and len(r[3]))
c.commit()
c.close()`,
  pytds: `
import pytds, sys
with pytds.connect('127.0.0.1', 'master', 'sa', sys.argv[2], port=int(sys.argv[1]), autocommit=False) as c:
  k = c.cursor()
  k.execute('select * from people where id > %s', (0,))
  for r in k.fetchall(): print(r[0], r[1], r[2] and float(r[2]), r[3] and len(r[3]))
  c.commit()`,
  pyodbc: `
import pyodbc, sys
c = pyodbc.connect('Driver=' + sys.argv[3] + ';Server=127.0.0.1;Port=' + sys.argv[1] + ';UID=sa;PWD=' + sys.argv[2] + ';TDS_Version=7.4;ClientCharset=UTF-8')
k = c.cursor()
k.execute('select * from people where id > ?', 0)
for r in k.fetchall(): print(r[0], r[1], r[2] and float(r[2]), r[3] and len(r[3]))
c.commit()
c.close()`,
} as const;

describe.each(Object.keys(PYTHON) as (keyof typeof PYTHON)[])('%s and the canned server of TDS', (module) => {
  const python = findPython(module);
  const odbc = findFreetdsOdbc();
  const needs = module === 'pyodbc' ? [python, odbc] : [python];
  (requireOrSkip(...needs) ? it : it.skip)('logs in, executes with a parameter, and commits', async () => {
    const server = await start();
    const { stdout, stderr } = await runProgram(path(python), ['-c', PYTHON[module], String(server.port), server.password, path(odbc)], {
      timeoutMs: 20_000,
    });
    expect(`${stdout}${stderr}`).toBe('1 Ana 81234.5 9000\n2 None None None\n');
    expect(server.protocolErrors).toEqual([]);
    expect(server.requests.find(({ text }) => text.includes('from people'))).toMatchObject({ login: 'sa' });
  });
});
