import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, Connection, Request, RequestError, runAs, TYPES } from '@sqlwarden/tedious';
import { requireOrSkip, until } from '@sqlwarden/testkit';
import tedious from 'tedious';
import { MASKED } from './shop-gateway.js';
import { LONG, SHOP_KINDS } from './shop-server.js';
import { batch, closed, connected, errorOf, outcomeOf, startWrapperSite, type WrapperSite } from './wrapper-site.js';

const SSN = 'select id, ssn from people';
const HIDDEN = MASKED.ssn.map((ssn, at) => [at + 1, ssn]);
const STORED = [
  [1, '900-11-2222'],
  [2, '900-33-4444'],
  [3, null],
];

describe.each(SHOP_KINDS)('@sqlwarden/tedious on $name', (kind) => {
  if (!requireOrSkip(kind.finding)) {
    it.skip('needs the server', () => undefined);
    return;
  }
  let site: WrapperSite;
  const open: Connection[] = [];
  beforeAll(async () => {
    site = await startWrapperSite(kind);
  }, 120_000);
  afterAll(async () => {
    for (const connection of open) connection.close();
    await site?.stop();
  });

  const as = async (identity: string, more: object = {}): Promise<Connection> => {
    const connection = await connected({ sqlwarden: site.configFile, identity, ...more });
    open.push(connection);
    return connection;
  };
  const ada = (): string => site.token(['app'], { id: 'ada' });
  const eve = (): string => site.token(['app', 'privacy'], { id: 'eve' });
  const serverSession = async (connection: Connection): Promise<number> => Number((await batch(connection, 'select @@spid as id'))[0]?.[0]);

  it('masks what the driver gets: of batches, of calls with parameters, of procedures', async () => {
    const [masked, unmasked] = [await as(ada()), await as(eve())];
    expect(await batch(masked, SSN)).toEqual(HIDDEN);
    expect(await batch(unmasked, SSN)).toEqual(STORED);
    const byId = await outcomeOf('select ssn, salary from people where id = @id', (request) => {
      request.addParameter('id', TYPES.Int, 1);
      masked.execSql(request);
    });
    expect(byId.rows).toEqual([[MASKED.ssn[0], MASKED.salary[0]]]);
    const called = await outcomeOf('dbo.person', (request) => {
      request.addParameter('id', TYPES.Int, 2);
      request.addOutputParameter('next', TYPES.Int);
      masked.callProcedure(request);
    });
    expect(called).toMatchObject({ rows: [[2, 'Bob', MASKED.ssn[1]]], outputs: { next: 3 }, status: 7 });
  });

  it('masks the rows of what is prepared once and executed again', async () => {
    const connection = await as(ada());
    const executed = await new Promise((resolve, reject) => {
      const rows: unknown[][] = [];
      const request = new Request('select ssn from people where id = @id', (error) => {
        if (error) reject(error);
        else if (rows.length === 1) connection.execute(request, { id: 2 });
        else if (request.handle === undefined) resolve(rows);
        else {
          // The driver keeps the handle, and calls back for `unprepare` too.
          connection.unprepare(request);
          Object.assign(request, { handle: undefined });
        }
      });
      request.addParameter('id', TYPES.Int, undefined);
      request.on('row', (columns: readonly { readonly value: unknown }[]) => void rows.push(columns.map(({ value }) => value)));
      request.on('error', reject);
      request.on('prepared', () => connection.execute(request, { id: 1 }));
      connection.prepare(request);
    });
    expect(executed).toEqual([[MASKED.ssn[0]], [MASKED.ssn[1]]]);
  });

  it('takes tables as parameters, and loads in bulk', async () => {
    const connection = await as(ada());
    const listed = await outcomeOf('select id, ssn from people where id in (select id from @ids)', (request) => {
      request.addParameter('ids', TYPES.TVP, { schema: 'dbo', name: 'ids', columns: [{ name: 'id', type: TYPES.Int }], rows: [[1], [3]] });
      connection.execSql(request);
    });
    expect(listed.rows).toEqual([HIDDEN[0], HIDDEN[2]]);
    const loaded = await new Promise((resolve, reject) => {
      const load = connection.newBulkLoad('dbo.notes', (error, count) => (error ? reject(error) : resolve(count)));
      load.addColumn('id', TYPES.Int, { nullable: false });
      connection.execBulkLoad(load, [[7], [8]]);
    });
    expect(loaded).toBe(2);
    for (const request of site.server.canned?.requests ?? []) if (request.kind === 'bulk load') expect(request.rows).toEqual([[7], [8]]);
  });

  it('has transactions, which end as the driver is told, and resets what a session holds', async () => {
    const connection = await as(ada());
    const begun = (): Promise<void> =>
      new Promise((resolve, reject) => connection.beginTransaction((error) => (error ? reject(error) : resolve())));
    const ended = (way: 'commitTransaction' | 'rollbackTransaction'): Promise<void> =>
      new Promise((resolve, reject) => connection[way]((error) => (error ? reject(error) : resolve())));
    for (const way of ['rollbackTransaction', 'commitTransaction'] as const) {
      await begun();
      expect(await batch(connection, SSN)).toEqual(HIDDEN);
      await ended(way);
    }
    expect((await errorOf(ended('commitTransaction'))).number).toBe(3902);
    await new Promise<void>((resolve, reject) => connection.reset((error) => (error ? reject(error) : resolve())));
    expect(await batch(connection, SSN)).toEqual(HIDDEN);
    expect(site.server.canned?.requests.some(({ reset }) => reset === 'connection')).not.toBe(false);
  });

  it('cancels what runs, and goes on', async () => {
    const connection = await as(ada());
    const failed = outcomeOf(LONG, (request) => connection.execSqlBatch(request));
    setImmediate(() => connection.cancel());
    expect(await errorOf(failed)).toMatchObject({ code: 'ECANCEL' });
    expect(await batch(connection, SSN)).toEqual(HIDDEN);
  });

  it('gives the error of a refusal as the driver gives those of the server, and goes on', async () => {
    const connection = await as(ada());
    const refused = await errorOf(batch(connection, 'delete from people'));
    expect(refused).toBeInstanceOf(RequestError);
    expect(refused).toMatchObject({ code: 'EREQUEST', number: 229, class: 14 });
    expect(refused.message).toContain('rule: no-unfiltered-write');
    expect(await batch(connection, SSN)).toEqual(HIDDEN);
  });

  it('connects nobody without an identity or a configuration, nor with a token that is none', async () => {
    expect(() => new Connection({ sqlwarden: site.configFile })).toThrow(expect.objectContaining({ code: 'no-identity' }));
    expect(() => new Connection({ server: 'db' } as unknown as { sqlwarden: string })).toThrow(
      expect.objectContaining({ code: 'no-identity' }),
    );
    expect(() => new Connection({ server: 'db', identity: 'x' } as unknown as { sqlwarden: string })).toThrow(
      expect.objectContaining({ code: 'no-configuration' }),
    );
    const refused = await errorOf(as('nonsense'));
    expect(refused.message).toContain('identity-invalid');
    expect(refused.message).not.toContain('nonsense');
    await expect(as(ada(), { upstream: 'crm' })).rejects.toThrow('its SQL Server upstreams are: shop');
  });

  it('takes the address for the name of the upstream', async () => {
    const { host, port } = site.server;
    const connection = await as(ada(), { server: host, options: { port, database: 'shop' } });
    expect(await batch(connection, SSN)).toEqual(HIDDEN);
    await expect(as(ada(), { server: 'other.example' })).rejects.toThrow(
      'no upstream of the configuration is the database that was asked for',
    );
  });

  it('never shares a session of the server between identities, however many connect at once', async () => {
    const tokens = [
      ...Array(4).fill(site.token(['app'], { id: 'one' })),
      ...Array(4).fill(site.token(['app'], { id: 'other' })),
    ] as string[];
    const all = await Promise.all(tokens.map(async (token) => serverSession(await as(token))));
    expect(new Set(all).size).toBe(8);
  });

  it('says what it is for to the policy, anew with every request', async () => {
    const connection = await as(ada());
    const notes = (): Promise<unknown> => batch(connection, 'select id from notes');
    expect((await errorOf(notes())).message).toContain('rule: purpose-of-notes');
    await runAs(ada(), { purpose: 'support' }, notes);
    expect((await errorOf(notes())).message).toContain('rule: purpose-of-notes');
    const made = await runAs(ada(), { purpose: 'support' }, async () => connected({ sqlwarden: site.configFile }));
    open.push(made);
    await batch(made, 'select id from notes');
  });

  it('does not let a request that is not sent say what another one is for', async () => {
    const connection = await as(ada());
    const notes = batch(connection, 'select id from notes');
    const tooEarly = runAs(ada(), { purpose: 'support' }, () => batch(connection, 'select id from notes'));
    expect((await errorOf(tooEarly)).code).toBe('EINVALIDSTATE');
    expect((await errorOf(notes)).message).toContain('rule: purpose-of-notes');
  });

  it('takes the identity of whoever connects, though callbacks run on connections of others', async () => {
    const seen = (token: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        runAs(token, () => {
          const first = connect({ sqlwarden: site.configFile }, (refused) => {
            if (refused) return reject(refused);
            // The second one is made in the callback of a request of the first.
            const request = new Request('select 1 as one', (failure) => {
              first.close();
              if (failure) return reject(failure);
              connected({ sqlwarden: site.configFile }).then(async (second) => {
                open.push(second);
                resolve(await batch(second, SSN));
              }, reject);
            });
            first.execSqlBatch(request);
          });
        });
      });
    const [a, e] = [ada(), eve()];
    expect(await Promise.all([seen(a), seen(e), seen(a), seen(e)])).toEqual([HIDDEN, STORED, HIDDEN, STORED]);
  });

  it('calls back in the context of the request, on a connection that somebody else has made, and ends', async () => {
    const shared = await as(ada());
    const made: Promise<Connection>[] = [];
    const another = (): void => void made.push(connected({ sqlwarden: site.configFile }));
    const { rows } = await runAs(eve(), () =>
      outcomeOf(SSN, (request) => {
        request.once('row', another);
        request.once('requestCompleted', another);
        shared.execSqlBatch(request);
      }),
    );
    expect(rows).toEqual(HIDDEN);
    const unfinished = runAs(eve(), () =>
      outcomeOf(LONG, (request) => {
        request.once('requestCompleted', another);
        shared.execSqlBatch(request);
      }),
    );
    const failed = errorOf(unfinished);
    shared.close();
    expect((await failed).code).toBe('ECLOSE');
    expect(made.length).toBe(3);
    for (const connection of await Promise.all(made)) {
      open.push(connection);
      expect(await batch(connection, SSN)).toEqual(STORED);
    }
  });

  it("emits what the driver's own connection emits", async () => {
    const { host, port, user, password } = site.server;
    const authentication = { type: 'default', options: { userName: user, password } } as const;
    const options = { port, database: 'shop', encrypt: false, connectTimeout: 60_000 };
    const told = async (connection: tedious.Connection): Promise<readonly [string, unknown][]> => {
      const events: [string, unknown][] = [];
      const names = [
        'connect',
        'databaseChange',
        'charsetChange',
        'languageChange',
        'infoMessage',
        'errorMessage',
        'resetConnection',
        'end',
      ];
      for (const name of [...names, 'error'])
        connection.on(name as 'end', (...about: unknown[]) => {
          const [first] = about as [{ number?: number } | string | undefined];
          // What is said of a login is the gateway's own.
          if (name === 'infoMessage') events.push([name, undefined]);
          else events.push([name, typeof first === 'object' ? first.number : first]);
        });
      await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
      await batch(connection, 'select 1 as one');
      await errorOf(batch(connection, 'select 1 / 0 as none'));
      await new Promise<void>((resolve, reject) => connection.reset((error) => (error ? reject(error) : resolve())));
      await closed(connection);
      return events;
    };
    const [plain, governed] = [
      await told(new tedious.Connection({ server: host, authentication, options })),
      await told(new Connection({ server: host, sqlwarden: site.configFile, identity: ada(), options })),
    ];
    expect(plain.map(([name]) => name)).toEqual(expect.arrayContaining(['connect', 'databaseChange', 'errorMessage', 'end']));
    expect(governed).toEqual(plain);
  });

  it('refuses when the identity has ended, in the middle of a transaction too', async () => {
    for (const lifetimeSeconds of [3, 9, 27]) {
      const connection = await as(site.token(['app'], { id: 'short', lifetimeSeconds }));
      await new Promise<void>((resolve, reject) => connection.beginTransaction((error) => (error ? reject(error) : resolve())));
      const failure = (): Promise<string> =>
        batch(connection, SSN).then(
          () => '',
          (error: Error) => error.message,
        );
      // On a slow machine it may have ended before it was in use: then by a token of a longer life.
      if ((await failure()) !== '') continue;
      await until(async () => /expired/.test(await failure()));
      return;
    }
    throw new Error('the machine is too slow for this');
  });

  it('is said in the ledger to be a library, with the identity of every session', async () => {
    const opened = await site.sessions();
    expect(opened.length).toBeGreaterThan(5);
    expect(new Set(opened.map(({ enforcement, dialect }) => `${enforcement} ${dialect}`))).toEqual(new Set(['library sqlserver']));
    expect(new Set(opened.map(({ subject }) => subject))).toEqual(new Set(['ada', 'eve', 'one', 'other', 'short']));
  });
});
