import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { search, verifyLedger } from '@sqlwarden/ledger';
import {
  type Finding,
  findPostgres,
  findSmallDisks,
  findStrace,
  injectFault,
  openSmallDisk,
  requireOrSkip,
  type SmallDisk,
} from '@sqlwarden/testkit';
import { errorFieldsOf } from '../harness/backend-messages.js';
import { corpusPolicy } from '../harness/corpus-case.js';
import { type CorpusServer, startCorpusServer } from '../harness/database.js';
import { type GatewayProcess, startGatewayProcess } from '../harness/gateway-process.js';
import { RawClient } from '../harness/raw-client.js';
import { WORLD_A } from '../harness/worlds.js';

const MARK = /'(mark \d+)'/g;
/** Where a machine does not let us, no installation helps. */
const ifPermitted = (finding: Finding): boolean => (finding.found || process.env['SQLWARDEN_REQUIRE'] !== 'all') && requireOrSkip(finding);
const withPostgres = requireOrSkip(findPostgres(18));
const withDisks = withPostgres && ifPermitted(findSmallDisks());
const withStrace = withPostgres && ifPermitted(findStrace());

describe('the disk that the ledger is on', () => {
  let server: CorpusServer;
  let gateway: GatewayProcess | undefined;
  let disk: SmallDisk | undefined;
  let ledger = '';
  let marks = 0;

  beforeAll(async () => {
    if (!withDisks && !withStrace) return;
    server = await startCorpusServer({ parameters: { log_statement: 'all' } });
    await server.create('crm', WORLD_A);
  }, 60_000);
  afterEach(async () => {
    await gateway?.stop();
    disk?.remove();
    [gateway, disk] = [undefined, undefined];
  });
  afterAll(() => server?.stop());

  async function start(settings: object = {}): Promise<GatewayProcess> {
    const config = { ledger: { directory: './ledger', ...settings } };
    gateway = await startGatewayProcess({ server, upstreams: { crm: 'crm' }, policies: [corpusPolicy('masks')], config });
    ledger = disk === undefined ? gateway.site.ledgerDirectory : join(disk.directory, 'ledger');
    return gateway;
  }
  const onDisk = (mebibytes: number): { readonly directory: string } => {
    disk = openSmallDisk(mebibytes);
    return { directory: join(disk.directory, 'ledger') };
  };
  const login = (): Promise<RawClient> =>
    RawClient.connect({
      port: gateway?.site.ports['crm'] ?? 0,
      user: 'ada',
      database: 'crm',
      password: gateway?.site.token(['app']) ?? '',
    });
  const executed = (): string[] => [...server.server.log().matchAll(MARK)].map(([, mark]) => mark ?? '');
  const read = (): string => `select key, 'mark ${++marks}' from settings`;
  const write = (): string => `insert into settings (key, value) values ('mark ${++marks}', 'x')`;

  /** What a client got for a statement: the SQLSTATE and the text of its error, or `ok`. */
  async function outcome(client: RawClient, sql: string): Promise<string> {
    const messages = await client.query(sql);
    const error = messages.find(({ type }) => type === 'E');
    if (error !== undefined) return `${errorFieldsOf(error).code} ${errorFieldsOf(error).message}`;
    return messages.at(-1)?.type === 'Z' ? 'ok' : 'closed';
  }

  /** Ends the gateway; then every statement that the server has executed since `from` is in the ledger, once, and it verifies. */
  async function expectWhole(from: number): Promise<void> {
    const ran = executed().slice(from);
    await gateway?.end();
    const told: string[] = [];
    for await (const {
      text,
      outcome: { kind },
    } of search(ledger, {})) {
      if (kind !== 'refused') told.push(...[...(text ?? '').matchAll(MARK)].map(([, mark]) => mark ?? ''));
    }
    expect(ran.filter((mark) => !told.includes(mark))).toEqual([]);
    expect(new Set(told).size).toBe(told.length);
    const { findings, exitCode } = await verifyLedger(ledger);
    expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
    expect(exitCode).toBe(0);
  }

  (withDisks ? it : it.skip)(
    'full: reads and writes are refused with a clear error, and go on when there is room again',
    async () => {
      const running = await start(onDisk(8));
      const from = executed().length;
      const client = await login();
      expect(await outcome(client, read())).toBe('ok');
      expect(await outcome(client, write())).toBe('ok');
      // No room at all, and room for a part of what is written.
      for (const blocks of [0, 1, 2, 3]) {
        disk?.fill(blocks);
        const before = executed().length;
        const answers: string[] = [];
        // What the write-ahead file still has room for in its last block goes through.
        for (let tries = 0; tries < 400 && !(answers.at(-1) ?? 'ok').startsWith('58030'); tries += 1)
          answers.push(await outcome(client, write()));
        expect(answers.at(-1)).toMatch(/^58030 .*cannot be recorded, so it is not run/);
        expect(running.output).toMatch(/ENOSPC.*free space/);
        const passed = answers.filter((answer) => answer === 'ok').length;
        expect(await outcome(client, read())).toMatch(/^58030 /);
        expect(await outcome(client, write())).toMatch(/^58030 /);
        expect(executed()).toHaveLength(before + passed);
        disk?.free();
        expect(await outcome(client, write())).toBe('ok');
        expect(await outcome(client, read())).toBe('ok');
      }
      await client.close();
      await expectWhole(from);
    },
    120_000,
  );

  (withDisks ? it : it.skip)(
    'full when the gateway is killed: it comes up when there is room, with all that ran',
    async () => {
      const place = onDisk(8);
      const running = await start(place);
      const from = executed().length;
      const client = await login();
      for (let n = 0; n < 20; n += 1) expect(await outcome(client, n % 2 === 0 ? read() : write())).toBe('ok');
      disk?.fill(0);
      await outcome(client, write());
      await running.kill();
      await expect(running.restart()).rejects.toThrow(/no space|ENOSPC/i);
      disk?.free();
      await running.restart();
      expect(await outcome(await login(), write())).toBe('ok');
      await expectWhole(from);
    },
    120_000,
  );

  (withDisks ? it : it.skip)(
    'read-only: the gateway does not come up and says why, and does when it can be written again',
    async () => {
      const place = onDisk(8);
      const running = await start(place);
      const from = executed().length;
      expect(await outcome(await login(), write())).toBe('ok');
      await running.kill();
      disk?.readOnly(true);
      await expect(running.restart()).rejects.toThrow(/read-only|EROFS/i);
      disk?.readOnly(false);
      await running.restart();
      expect(await outcome(await login(), write())).toBe('ok');
      await expectWhole(from);
    },
    120_000,
  );

  (withStrace ? it : it.skip)(
    'read-only while it runs: nothing is let through, and it goes on when it can be written again',
    async () => {
      const running = await start();
      const from = executed().length;
      const client = await login();
      expect(await outcome(client, write())).toBe('ok');
      const [segment = ''] = readdirSync(join(ledger, 'wal'));
      const heal = await injectFault(running.pid, 'write,pwrite64,writev,pwritev', 'error=EROFS', join(ledger, 'wal', segment));
      const before = executed().length;
      expect(await outcome(client, write())).toMatch(/^58030 /);
      expect(await outcome(client, read())).toMatch(/^58030 /);
      expect(executed()).toHaveLength(before);
      await heal();
      expect(await outcome(client, write())).toBe('ok');
      expect(await outcome(client, read())).toBe('ok');
      await client.close();
      await expectWhole(from);
    },
    120_000,
  );

  (withStrace ? it : it.skip)(
    'a disk whose sync fails: writes are refused, and nothing that ran is missing',
    async () => {
      const running = await start();
      const from = executed().length;
      const client = await login();
      expect(await outcome(client, write())).toBe('ok');
      const heal = await injectFault(running.pid, 'fdatasync,fsync', 'error=EIO');
      const before = executed().length;
      expect(await outcome(client, write())).toMatch(/^58030 /);
      expect(executed()).toHaveLength(before);
      await heal();
      await running.kill();
      await running.restart();
      expect(await outcome(await login(), write())).toBe('ok');
      await expectWhole(from);
    },
    120_000,
  );

  (withStrace ? it : it.skip)(
    'a slow disk: writes wait for it, reads only where they are configured to',
    async () => {
      for (const reads of ['grouped', 'durable'] as const) {
        const running = await start({ reads });
        const [writer, reader] = [await login(), await login()];
        const known = read();
        expect(await outcome(reader, known)).toBe('ok');
        const heal = await injectFault(running.pid, 'fdatasync,fsync', 'delay_enter=4000000');
        const order: string[] = [];
        const before = executed().length;
        const written = outcome(writer, write()).then((answer) => order.push(`write ${answer}`));
        const wasRead = outcome(reader, known).then((answer) => {
          order.push(`read ${answer}`);
          if (reads === 'grouped') expect(executed()).toHaveLength(before + 1);
        });
        await Promise.all([written, wasRead]);
        expect(order).toContain('write ok');
        expect(order).toContain('read ok');
        if (reads === 'grouped') expect(order[0]).toBe('read ok');
        await heal();
        await gateway?.end();
        expect(await verifyLedger(ledger)).toMatchObject({ exitCode: 0 });
        await gateway?.stop();
      }
    },
    120_000,
  );
});
