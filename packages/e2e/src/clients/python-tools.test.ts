import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, findPython, type ProgramResult, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import { type Place, startToolSite, type ToolSite } from './tool-site.js';

const TOOLS = [
  { tool: 'SQLAlchemy: reflection, automap, ORM, streamed results', needs: findPython('sqlalchemy'), script: 'with-sqlalchemy.py' },
  { tool: 'pandas: read_sql, to_sql, COPY', needs: findPython('pandas'), script: 'with-pandas.py' },
  { tool: 'Django: inspectdb, migrate and back, ORM', needs: findPython('django'), script: 'with-django.py' },
] as const;

const driver = findPython('psycopg2');
const postgres = findPostgres(18);

/** A line that shows protected columns: each script marks them. */
const isMarked = (line: string): boolean => line.startsWith('masked ');

(requireOrSkip(postgres, driver) ? describe : describe.skip)('tools of Python, as somebody who reads masked', () => {
  let site: ToolSite;
  beforeAll(async () => {
    site = await startToolSite(18);
  }, 120_000);
  afterAll(() => site?.stop());

  describe.each(TOOLS)('$tool', ({ needs, script }) => {
    (requireOrSkip(needs) ? it : it.skip)(
      'show what they show without the gateway, but for masks',
      async () => {
        const run = (place: Place): Promise<ProgramResult> =>
          runProgram(needs.found ? needs.path : '', ['-W', 'ignore', join(import.meta.dirname, '..', '..', 'corpus', 'clients', script)], {
            env: place,
          });
        const plain = await run({ ...site.direct, PGDATABASE: 'twin' });
        const through = await run(site.masked);
        expect({ status: through.status, stderr: through.stderr }).toEqual({ status: plain.status, stderr: plain.stderr });
        expect(plain.status).toBe(0);
        const [all, masked] = [plain.stdout.split('\n'), through.stdout.split('\n')];
        expect(masked.filter((line) => !isMarked(line))).toEqual(all.filter((line) => !isMarked(line)));
        const [shown, hidden] = [all.filter(isMarked), masked.filter(isMarked)];
        expect(hidden.length).toBe(shown.length);
        expect(hidden.filter((line) => shown.includes(line))).toEqual([]);
        expect(site.leaksIn(through.stdout + through.stderr)).toEqual([]);
        // The oracle sees what it should see.
        expect(site.leaksIn(plain.stdout)).not.toEqual([]);
      },
      60_000,
    );
  });
});
