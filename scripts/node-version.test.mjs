import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const check = pathToFileURL(path.join(import.meta.dirname, 'node-version.mjs')).href;

/** Runs the check in a Node that says that it is this version. */
function as(version) {
  const script = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } }); import('${check}').then(() => console.log('on'));`;
  return spawnSync(process.execPath, ['--eval', script], { encoding: 'utf8' });
}

describe('the check of the Node version', () => {
  it.each(['12.22.12', '18.20.8', '20.18.3'])('stops on %s and says what is needed', (version) => {
    const { status, stdout, stderr } = as(version);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`sqlwarden needs Node.js 20.19 or later, and this is ${version}`);
  });

  it.each(['20.19.0', '22.0.0', '100.1.0'])('goes on with %s', (version) => {
    expect(as(version)).toMatchObject({ status: 0, stdout: 'on\n', stderr: '' });
  });
});
