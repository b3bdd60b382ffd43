import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { violations } from './boundaries.mjs';

let root;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'boundaries-'));
});

afterEach(() => rmSync(root, { recursive: true }));

/** Writes one package: its manifest fields beside the name, and its sources by file name. */
function lay(name, manifest, sources = {}, folder = 'packages') {
  const directory = path.join(root, folder, name);
  mkdirSync(path.join(directory, 'src'), { recursive: true });
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: `@sqlwarden/${name}`, ...manifest }));
  for (const [file, text] of Object.entries(sources)) {
    mkdirSync(path.dirname(path.join(directory, 'src', file)), { recursive: true });
    writeFileSync(path.join(directory, 'src', file), text);
  }
}

describe('the import rules', () => {
  it('hold in this repository', () => {
    expect(violations(path.join(import.meta.dirname, '..'))).toEqual([]);
  });

  it('accept what the table allows, tests with node and the testkit, and imports inside comments', () => {
    lay(
      'core',
      {},
      {
        'a.ts': "import { b } from './b.js';\n// import fs from 'node:fs'\n/* import('pg') */\nexport { b };",
        'a.test.ts': "import fs from 'node:fs';\nimport { it } from '@jest/globals';",
      },
    );
    lay(
      'pg',
      { dependencies: { '@sqlwarden/postgres': '*' }, devDependencies: { '@sqlwarden/testkit': '*' } },
      {
        'a.ts': "import type { X } from '@sqlwarden/postgres';\nimport pg from 'pg';",
        'a.test.ts': "import { start } from '@sqlwarden/testkit';\nimport { b } from './testing/b.js';",
        'testing/b.ts': "import { start } from '@sqlwarden/testkit';",
      },
    );
    lay('quickstart', { private: true }, { 'main.ts': "import '@sqlwarden/testkit';" }, 'examples');
    expect(violations(root)).toEqual([]);
  });

  const wrong = [
    ['core imports node', 'core', {}, "import { createHash } from 'node:crypto';", 'core is pure'],
    ['core imports node without the prefix', 'core', {}, "import { readFileSync } from 'fs';", 'core is pure'],
    ['core imports a dependency', 'core', {}, "export * from 'yaml';", 'core has no dependencies'],
    ['core imports what it computes', 'core', {}, 'await import(name);', 'computed specifier'],
    ['core has a dependency', 'core', { dependencies: { yaml: '2' } }, '', 'core has no dependencies'],
    ['a package ships what only its tests use', 'mysql', {}, "import { start } from '../testing/gateway.js';", 'only tests may import'],
    ['an adapter imports another', 'postgres', {}, "const x = await import('@sqlwarden/mysql');", 'postgres may not import mysql'],
    ['an adapter depends on another', 'postgres', { dependencies: { '@sqlwarden/mysql': '*' } }, '', 'may not depend on mysql'],
    ['runtime imports an adapter', 'runtime', {}, "import type { P } from '@sqlwarden/postgres';", 'runtime may not import postgres'],
    ['the command imports a driver', 'cli', {}, "import { Pool } from '@sqlwarden/pg';", 'cli may not import pg'],
    ['a shipped source imports the testkit', 'sidecar', {}, "require('@sqlwarden/testkit');", 'sidecar may not import testkit'],
    ['a shipped package depends on the testkit', 'pg', { dependencies: { '@sqlwarden/testkit': '*' } }, '', 'may not depend on testkit'],
    ['a relative import leaves its package', 'pg', {}, "import '../../../core/src/index.js';", 'may not leave its package'],
    ['an absolute import', 'pg', {}, "import '/etc/x.js';", 'absolute paths'],
    ['an internal path', 'pg', {}, "import { x } from '@sqlwarden/core/internal/x.js';", 'internal paths'],
    [
      'an import after a string with slashes',
      'runtime',
      {},
      "const u = 'http://x'; import '@sqlwarden/postgres';",
      'may not import postgres',
    ],
    ['a package without a rule', 'helpers', {}, '', 'no import rule'],
    ['the testkit would be published', 'testkit', { private: false }, '', 'must be private'],
  ];

  it.each(wrong)('go red when %s', (_what, name, manifest, source, complaint) => {
    lay(name, manifest, { 'deep/a.ts': source });
    expect(violations(root)).toEqual([expect.stringContaining(complaint)]);
  });
});
