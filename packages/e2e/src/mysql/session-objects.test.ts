import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { WORLD_A } from '../harness/worlds.js';
import type { MysqlClient } from './mysql-client.js';
import { MYSQL_KINDS, type MysqlCorpusServer, startMysqlCorpusServer } from './mysql-database.js';
import { type MysqlGateway, mysqlPolicies, startMysqlGateway } from './mysql-gateway.js';
import type { Result } from './reply-reader.js';

const RESET_CONNECTION = Buffer.from([0x1f]);
const ADA = WORLD_A.people[0]!;

/** What a session has left in variables, temporary tables and prepared texts decides what its later commands may show. */
describe.each(MYSQL_KINDS)('what a session of $name leaves to its later commands', (kind) => {
  (requireOrSkip(kind.finding) ? describe : describe.skip)('through the gateway', () => {
    let server: MysqlCorpusServer;
    let gateway: MysqlGateway;
    let client: MysqlClient;

    beforeAll(async () => {
      server = await startMysqlCorpusServer(kind);
      await server.create('crm', WORLD_A);
      gateway = await startMysqlGateway({ server, upstreams: { crm: 'crm' }, policies: mysqlPolicies().slice(0, 1) });
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await server?.stop();
    });
    beforeEach(async () => {
      client = await gateway.connect('crm', ['app']);
    });
    afterEach(() => client.close());

    const told = (result: Result | undefined): unknown => {
      if (result === undefined) return undefined;
      if (result.kind === 'rows') return result.rows.map((row) => row.map((cell) => cell?.toString() ?? null));
      return result.kind === 'ok' ? 'ok' : `${result.number} ${result.message}`;
    };
    const run = async (sql: string): Promise<unknown[]> => (await client.query(sql)).map(told);
    const last = async (sql: string): Promise<unknown> => (await run(sql)).at(-1);
    const MASKED_PHONE = `${'*'.repeat((ADA.phone ?? '').length - 4)}${(ADA.phone ?? '').slice(-4)}`;

    it('a variable is masked as the column that it was taken from, in text and in binary rows', async () => {
      await run('select phone into @p from people where id = 1');
      expect(await run('select @p')).toEqual([[[MASKED_PHONE]]]);
      const prepared = await client.prepare('select @p');
      if ('kind' in prepared) throw new Error(`not prepared: ${JSON.stringify(told(prepared))}`);
      expect((await client.execute(prepared, [])).map(told)).toEqual([[[MASKED_PHONE]]]);
      await run("set @p = 'plain'");
      expect(await run('select @p')).toEqual([[['plain']]]);
    });

    it('a variable that one SET gives something else still says to the rest of that SET what it held', async () => {
      await run('select phone into @p from people where id = 1');
      await run("set @p = 'plain', @q = @p");
      expect(await run('select @p, @q')).toEqual([[['plain', MASKED_PHONE]]]);
      await run('select phone into @p from people where id = 1');
      await run("set @p = 'one', @p = 'two', @q = @p");
      expect(await run('select @p, @q')).toEqual([[['two', MASKED_PHONE]]]);
      await run("set @p = 'one', @q = 'two', @r = @q");
      expect(await run('select @p, @q')).toEqual([[['one', 'two']]]);
    });

    it('a variable that was not given anything is nothing, and one of rows that are not protected is shown', async () => {
      expect(await run('select @never')).toEqual([[[null]]]);
      await run('select name into @n from people where id = 1');
      expect(await run('select @n')).toEqual([[['Person 1']]]);
    });

    it('a variable keeps what it may hold when its command fails', async () => {
      const failed = await run('select phone into @p from people where id = 1; select nothing_like_it()');
      expect(failed.at(-1)).toContain('sqlwarden');
      expect(await run('select @p')).toEqual([[[null]]]);
      const half = await run("select phone into @p from people where id = 1; signal sqlstate '45000'");
      expect(half.at(-1)).toContain('1644');
      expect(await run('select @p')).toEqual([[[MASKED_PHONE]]]);
    });

    it('a session that is set back has none of it', async () => {
      await run('select phone into @p from people where id = 1');
      await run('create temporary table mine (x int)');
      expect((await client.command(RESET_CONNECTION)).map(told)).toEqual(['ok']);
      expect(await run('select @p')).toEqual([[[null]]]);
      expect(await last('select * from mine')).toContain('sqlwarden');
    });

    it('a temporary table is used like any other, hides the one of its name, and shows it again when it is dropped', async () => {
      expect(await run('create temporary table mine (id int, name varchar(100))')).toEqual(['ok']);
      expect(await run('insert into mine select id, name from people where id = 1')).toEqual(['ok']);
      expect(await run('select * from mine')).toEqual([[['1', 'Person 1']]]);
      expect(await run('create temporary table orders (what varchar(20))')).toEqual(['ok']);
      expect(await run("insert into orders values ('only mine')")).toEqual(['ok']);
      expect(await run('select what from orders')).toEqual([[['only mine']]]);
      expect(await run('drop temporary table orders')).toEqual(['ok']);
      expect(await run('select count(*) from orders')).toEqual([[['20']]]);
      expect(await run('drop table mine')).toEqual(['ok']);
    });

    it('a temporary table of a name that is taken fails as at the server, and the one that was there goes on', async () => {
      await run('create temporary table mine (id int)');
      expect(await last('create temporary table mine (other int)')).toContain('1050');
      expect(await run('insert into mine values (7)')).toEqual(['ok']);
      expect(await run('select id from mine')).toEqual([[['7']]]);
    });

    it('nothing that is protected is kept in a temporary table', async () => {
      await run('create temporary table mine (x varchar(100))');
      expect(await last('insert into mine select phone from people')).toContain('sqlwarden');
      await run('select phone into @p from people where id = 1');
      expect(await last('insert into mine values (@p)')).toContain('sqlwarden');
    });

    it('a prepared text is run by its name as it was judged, until the name has another', async () => {
      expect(await run("prepare p from 'select phone from people where id = 1'")).toEqual(['ok']);
      expect(await run('execute p')).toEqual([[[MASKED_PHONE]]]);
      expect(await run("prepare p from 'select name from people where id = 1'")).toEqual(['ok']);
      expect(await run('execute p')).toEqual([[['Person 1']]]);
      expect(await run('deallocate prepare p')).toEqual(['ok']);
      expect(await last('execute p')).toContain('sqlwarden');
    });

    it('a change of the schema holds for the next command, inside of a transaction too', async () => {
      await run('start transaction');
      await run('select count(*) from orders');
      expect(await run('create table fresh (a int)')).toEqual(['ok']);
      expect(await run('insert into fresh values (1)')).toEqual(['ok']);
      expect(await run('select a from fresh')).toEqual([[['1']]]);
      expect(await run('alter table fresh add column b int default 2')).toEqual(['ok']);
      expect(await run('select * from fresh')).toEqual([[['1', '2']]]);
      expect(await run('drop table fresh')).toEqual(['ok']);
    });

    it('results of a text of several statements, and of procedures, are masked each as its own', async () => {
      expect(await run('select phone from people where id = 1; select name from people where id = 1')).toEqual([
        [[MASKED_PHONE]],
        [['Person 1']],
      ]);
      const [first] = (await run('call list_people()')) as string[][][];
      expect(first).toHaveLength(WORLD_A.people.length);
      expect(JSON.stringify(first)).not.toContain(ADA.ssn);
      expect(await run('call ssn_into(1, @out)')).toEqual(['ok']);
      expect(JSON.stringify(await run('select @out'))).not.toContain(ADA.ssn);
    });
  });
});
