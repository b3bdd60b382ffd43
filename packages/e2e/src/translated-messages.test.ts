import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findGermanPostgres, requireOrSkip } from '@sqlwarden/testkit';
import pg from 'pg';
import { corpusPolicy } from './harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from './harness/database.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import { LeakOracle } from './harness/leak-oracle.js';
import { SECRETS, WORLD_A } from './harness/worlds.js';

const german = findGermanPostgres();

(requireOrSkip(german) ? describe : describe.skip)('messages in another language', () => {
  const oracle = new LeakOracle(SECRETS);
  let server: CorpusServer;
  let gateway: RunningGateway;

  beforeAll(async () => {
    const installation = german.found ? german.path : '';
    server = await startCorpusServer({ major: 15, installation, parameters: { lc_messages: 'de_DE.UTF-8' } });
    await server.create('crm', WORLD_A);
    await server.admin(
      'crm',
      `create function tell() returns trigger language plpgsql as $$ begin
         raise warning 'Warnung: %', new.ssn;
         raise exception 'Fehler: %', new.ssn using detail = new.email, hint = new.ssn;
       end $$;
       create trigger tell before update of city on people for each row execute function tell()`,
    );
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')] });
  });
  afterAll(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  const run = async (port: number, password: string, sql: string): Promise<{ code: string; everything: string }> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'gateway', database: 'crm', password });
    const heard: unknown[] = [];
    client.on('notice', (notice) => heard.push({ ...notice, message: notice.message }));
    await client.connect();
    try {
      const error = await client.query(sql).then(
        () => ({ code: '', message: '' }),
        (reason: pg.DatabaseError) => reason,
      );
      return { code: error.code ?? '', everything: JSON.stringify([heard, { ...error, message: error.message }]) };
    } finally {
      await client.end();
    }
  };
  const throughGateway = (sql: string): ReturnType<typeof run> => run(gateway.ports['crm'] ?? 0, gateway.token(['app']), sql);
  const straight = (sql: string): ReturnType<typeof run> => run(server.server.port, server.password, sql);

  it.each([
    ["a trigger's exception and warning", "update people set city = 'Rom' where id = 1", 'P0001'],
    ['a row that fails a constraint', "insert into people (id, name) values (1, 'x')", '23502'],
    ['a value that does not fit', "insert into people (id, name) values ('eins', 'x')", '22P02'],
  ])('tells nothing of %s', async (_note, sql, code) => {
    const here = await throughGateway(sql);
    expect([(await straight(sql)).code, here.code]).toEqual([code, code]);
    expect(oracle.findIn(Buffer.from(here.everything), [])).toEqual([]);
  });

  it('shows what it withholds when the gateway is not there', async () => {
    const { everything } = await straight("update people set city = 'Rom' where id = 1");
    expect(everything).toMatch(/Warnung: .*Fehler: /s);
    expect(oracle.findIn(Buffer.from(everything), [])).not.toEqual([]);
  });

  it('is said in English and with the same code where the server speaks German', async () => {
    expect((await straight('select 1 / 0')).everything).toContain('Division durch Null');
    const { code, everything } = await throughGateway('select 1 / 0');
    expect(code).toBe('22012');
    expect(everything).not.toContain('durch Null');
  });
});
