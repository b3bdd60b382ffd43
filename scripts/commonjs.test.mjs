import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

let root;

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'commonjs-')));
  lay({ 'package.json': '{"type":"module"}' });
});

afterEach(() => rmSync(root, { recursive: true }));

function lay(files) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
}

/** Builds the package, requires it in a Node of its own, and answers what it exports. */
function required() {
  execFileSync(process.execPath, [path.join(import.meta.dirname, 'commonjs.mjs')], { cwd: root });
  const script = "console.log(JSON.stringify(require('./dist/index.cjs')))";
  return JSON.parse(execFileSync(process.execPath, ['--input-type=commonjs', '--eval', script], { cwd: root, encoding: 'utf8' }));
}

describe('the CommonJS build', () => {
  it('keeps the URL of a module that was bundled, so that what lies beside it is still found', () => {
    lay({
      'dist/index.js': "export { worker } from './deep/parser.js';",
      'dist/deep/parser.js': "export const worker = new URL('./worker.js', import.meta.url).href;",
    });
    expect(required()).toEqual({ worker: pathToFileURL(path.join(root, 'dist/deep/worker.js')).href });
  });

  it('imports CommonJS dependencies as Node does from ESM, and leaves them outside', () => {
    lay({
      'node_modules/jwt/package.json': '{"main":"index.js"}',
      'node_modules/jwt/index.js': 'module.exports = { verify: () => "verified", __esModule: true };',
      'dist/index.js': "import jwt from 'jwt';\nexport const said = jwt.verify();",
    });
    expect(required()).toEqual({ said: 'verified' });
    expect(readFileSync(path.join(root, 'dist/index.cjs'), 'utf8')).toContain('require("jwt")');
  });

  it('copies declarations with their relative imports turned to the copies', () => {
    lay({
      'dist/index.js': 'export {};',
      'dist/index.d.ts': [
        "export { a } from './deep/a.js';",
        "export type B = import('../b.js').B;",
        "import type { C } from '@sqlwarden/core';",
        '//# sourceMappingURL=index.d.ts.map',
      ].join('\n'),
    });
    required();
    expect(readFileSync(path.join(root, 'dist/index.d.cts'), 'utf8')).toBe(
      ["export { a } from './deep/a.cjs';", "export type B = import('../b.cjs').B;", "import type { C } from '@sqlwarden/core';", ''].join(
        '\n',
      ),
    );
  });
});
