import pg from 'pg';
import { DATABASE, type MaskedColumns, WIDE_TABLES } from './database.js';
import type { OpenPath } from './paths.js';

/**
 * Compares one row of each wide table on this path with that of the direct one, and throws when anything but the masked columns differs,
 * or when those do not: what is measured is then not what its name says.
 */
export async function checkPath(path: OpenPath, direct: OpenPath): Promise<void> {
  const expected = await rowsOf(direct);
  const found = await rowsOf(path);
  for (const [masked, row] of found) {
    const differing = row.filter((value, column) => value !== expected.get(masked)?.[column]).length;
    const wanted = path.name === 'masks' ? masked : 0;
    if (differing !== wanted) throw new Error(`${path.name}: ${differing} columns of ${WIDE_TABLES[masked]} differ, not ${wanted}`);
  }
}

async function rowsOf(path: OpenPath): Promise<Map<MaskedColumns, string[]>> {
  const client = new pg.Client({ host: '127.0.0.1', port: path.port, database: DATABASE, ...path.login });
  await client.connect();
  try {
    const rows = new Map<MaskedColumns, string[]>();
    for (const masked of [0, 1, 5] as const) {
      const query = { text: `select * from ${WIDE_TABLES[masked]} where id = 77`, rowMode: 'array' };
      const { rows: found } = await client.query<unknown[]>(query);
      rows.set(masked, (found[0] ?? []).map(String));
    }
    return rows;
  } finally {
    await client.end();
  }
}
