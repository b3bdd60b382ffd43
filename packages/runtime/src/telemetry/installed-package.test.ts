import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { installed } from './installed-package.js';

/** What Node itself says of a package that is not there: tests have a loader of their own. */
function reasonOfNode(statement: string, type: 'module' | 'commonjs'): { readonly code: string; readonly message: string } {
  const script = `${statement}.catch((e) => console.log(JSON.stringify({ code: e.code, message: e.message })))`;
  return JSON.parse(execFileSync(process.execPath, [`--input-type=${type}`, '-e', script], { encoding: 'utf8', cwd: '/' })) as never;
}

describe('a package that telemetry needs', () => {
  it.each([
    ['an ES module', reasonOfNode("import('@opentelemetry/not-here')", 'module')],
    ['CommonJS', reasonOfNode("(async () => require('@opentelemetry/not-here'))()", 'commonjs')],
  ])('is named where it is not installed: from %s', async (_, { code, message }) => {
    const missing = installed('sqlwarden.yaml', () => Promise.reject(Object.assign(new Error(message), { code })));
    await expect(missing).rejects.toThrow(
      '@opentelemetry/not-here is not installed; run npm install @opentelemetry/not-here, or take telemetry out',
    );
    await expect(missing).rejects.toMatchObject({ code: 'config-invalid' });
  });

  it('is not said to be missing where it is broken', async () => {
    await expect(installed('sqlwarden.yaml', () => Promise.reject(new SyntaxError('broken')))).rejects.toThrow('broken');
  });
});
