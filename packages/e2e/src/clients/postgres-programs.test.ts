import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPgDump, findPostgres, findPsql, type ProgramResult, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import { GATEWAY_ROLE } from '../harness/database.js';
import { type Place, startToolSite, type ToolSite } from './tool-site.js';

// A pg_dump refuses servers that are newer than itself.
const MAJOR = 15;
const [postgres, psql, pgDump] = [findPostgres(MAJOR), findPsql(), findPgDump()];
const corpus = (file: string): string => readFileSync(join(import.meta.dirname, '..', '..', 'corpus', 'clients', file), 'utf8');

(requireOrSkip(postgres, psql) ? describe : describe.skip)('programs that come with PostgreSQL', () => {
  let site: ToolSite;
  beforeAll(async () => {
    site = await startToolSite(MAJOR);
  }, 120_000);
  afterAll(() => site?.stop());

  const script = (place: Place, input: string): Promise<ProgramResult> =>
    runProgram(psql.found ? psql.path : '', ['-X', '-q', '-v', 'VERBOSITY=terse', '-f', '-'], { env: place, input });

  describe('psql, as somebody who reads masked', () => {
    it('shows with every command that describes something what it shows without the gateway', async () => {
      const commands = corpus('psql-commands.txt').trim().split('\n');
      const input = commands.map((command) => `\\echo == ${command.replaceAll('\\', '')}\n${command}\n`).join('');
      const [plain, through] = [await script(site.direct, input), await script(site.masked, input)];
      expect(through.stdout.split('== ')).toEqual(plain.stdout.split('== '));
      expect(through.stderr).toBe(plain.stderr);
      expect(plain.stdout.split('== ').length).toBe(commands.length + 1);
    }, 60_000);

    it('behaves in a session of all kinds as it does without the gateway', async () => {
      const input = corpus('psql-session.sql');
      const plain = await script({ ...site.direct, PGDATABASE: 'twin' }, input);
      const through = await script(site.masked, input);
      // Payloads of notifications are anybody's texts: they are withheld.
      const unnumbered = (text: string): string => text.replaceAll(/( with payload ".*")? received from server process with PID \d+/g, '');
      expect(unnumbered(through.stdout)).toBe(unnumbered(plain.stdout));
      expect(through.stderr.split('\n').length).toBe(plain.stderr.split('\n').length);
      expect(through.status).toBe(plain.status);
    }, 60_000);

    it('shows masked values in every way to show them, and tells errors and notices without their texts', async () => {
      const input = String.raw`
\copy people to stdout csv header
copy (select id, ssn, email from people) to stdout (format binary);
\set FETCH_COUNT 3
select * from people;
\unset FETCH_COUNT
select email, ssn from people \gx
do $$ begin raise notice 'it is %', (select ssn from people limit 1); end $$;
insert into people select * from people;
\errverbose
`;
      const [plain, through] = [await script({ ...site.direct, PGDATABASE: 'twin' }, input), await script(site.masked, input)];
      expect(site.leaksIn(plain.stdout + plain.stderr)).not.toEqual([]);
      expect(site.leaksIn(through.stdout + through.stderr)).toEqual([]);
      expect(through.stdout.split('\n').length).toBeGreaterThan(30);
    });

    it('is told by name what it may not do with large objects', async () => {
      const { stderr } = await script(site.masked, "select lo_get(lo_from_bytea(0, '\\x00'));\n");
      expect(stderr).toMatch(/sqlwarden: .*large objects/);
    });
  });

  describe('psql, as somebody who reads everything', () => {
    it('brings large objects in and out, which libpq calls functions for', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'large-objects-'));
      const [from, to] = [join(directory, 'from'), join(directory, 'to')];
      // More than one call of lowrite and loread.
      writeFileSync(from, Buffer.alloc(50_000, 'large objects are read and written in pieces '));
      const input = `\\lo_import ${from} 'a comment'\nselect :LASTOID as id \\gset\n\\lo_export :id ${to}\n\\lo_list\n\\lo_unlink :id\n\\lo_list\n`;
      const { stdout, stderr, status } = await script(site.unmasked, input);
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
      expect(stdout).toMatch(/a comment[\s\S]*\(1 row\)[\s\S]*\(0 rows\)/);
      rmSync(directory, { recursive: true });
    });
  });

  (requireOrSkip(pgDump) ? describe : describe.skip)('pg_dump', () => {
    const dump = (place: Place, ...args: readonly string[]): Promise<ProgramResult> =>
      runProgram(pgDump.found ? pgDump.path : '', args, { env: place });
    /** Newer ones write a key of chance. */
    const withoutKey = (text: string): string => text.replaceAll(/^\\(un)?restrict .*\n/gm, '');

    it('gives somebody who reads everything a dump that restores to an equal database', async () => {
      const made = await script(site.direct, "select lo_from_bytea(4711, decode(repeat('6c6172676520', 9000), 'hex'));\n");
      expect(made.stderr).toBe('');
      const [plain, through] = [await dump(site.direct), await dump(site.unmasked)];
      expect(plain.stdout).toContain("pg_catalog.lo_open('4711'");
      await script(site.direct, 'select lo_unlink(4711);\n');
      expect(through.stderr).toBe(plain.stderr);
      expect(withoutKey(through.stdout)).toBe(withoutKey(plain.stdout));
      await site.server.admin('postgres', `create database restored owner ${GATEWAY_ROLE}`);
      const restored = { ...site.direct, PGDATABASE: 'restored' };
      // The dump has grants on functions of the system.
      const { user, password } = site.server.server;
      const restoring = await script({ ...restored, PGUSER: user, PGPASSWORD: password }, through.stdout);
      expect(restoring.stderr).toBe('');
      expect(withoutKey((await dump(restored)).stdout)).toBe(withoutKey(plain.stdout));
      expect(plain.stdout).toContain('COPY public.people');
    }, 60_000);

    it.each([[['--column-inserts', '--rows-per-insert=3']], [['-Fc', '-Z0']]])(
      'gives somebody who reads masked a masked dump: %j',
      async (args) => {
        const [plain, through] = [await dump(site.direct, ...args), await dump(site.masked, ...args)];
        expect({ status: through.status, stderr: through.stderr }).toEqual({ status: 0, stderr: plain.stderr });
        expect(site.leaksIn(plain.stdout)).not.toEqual([]);
        expect(site.leaksIn(through.stdout)).toEqual([]);
        expect(through.stdout.split('\n').length).toBeGreaterThan(plain.stdout.split('\n').length * 0.9);
      },
      60_000,
    );
  });
});
