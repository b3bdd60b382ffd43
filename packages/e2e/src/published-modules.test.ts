import { describe, expect, it } from '@jest/globals';
import { runProgram } from '@sqlwarden/testkit';

const published = ['core', 'identity', 'ledger', 'runtime', 'postgres', 'pg', 'mysql', 'mysql2', 'sqlserver', 'tedious', 'sidecar', 'cli'];

/** The names that a plain Node gets from evaluating `expression(specifier)`, in order. */
async function exportsOf(expression: string, specifier: string): Promise<string[]> {
  const script = `Promise.resolve((${expression})('${specifier}')).then((module) => {
    const names = Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports' && name !== '__esModule');
    console.log(JSON.stringify(names.sort()));
  })`;
  const { stdout, stderr, status } = await runProgram(process.execPath, ['--input-type=commonjs', '--eval', script], {
    cwd: import.meta.dirname,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

it('runAs of the ES module is heard by the CommonJS one, and the other way round', async () => {
  const script = `import('@sqlwarden/runtime').then((imported) => {
    const required = require('@sqlwarden/runtime');
    const heard = (by, from) => from.runAs('token', () => by.identityContext()?.identity);
    console.log(imported.runAs === required.runAs, heard(imported, required), heard(required, imported));
  })`;
  const { stdout, stderr } = await runProgram(process.execPath, ['--input-type=commonjs', '--eval', script], { cwd: import.meta.dirname });
  expect([stdout.trim(), stderr]).toEqual(['false token token', '']);
});

describe.each(published)('@sqlwarden/%s', (name) => {
  const specifier = `@sqlwarden/${name}`;

  it('gives the same names to import and to require', async () => {
    const [imported, required] = await Promise.all([exportsOf('(name) => import(name)', specifier), exportsOf('require', specifier)]);
    expect(required).toEqual(imported);
  });

  it('gives require the CommonJS build and import the ESM one', async () => {
    const script = `console.log(require.resolve('${specifier}'))`;
    const required = await runProgram(process.execPath, ['--input-type=commonjs', '--eval', script], { cwd: import.meta.dirname });
    expect(required.stdout.trim()).toMatch(new RegExp(`/${name}/dist/index\\.cjs$`));
    const esm = `console.log(import.meta.resolve('${specifier}'))`;
    const imported = await runProgram(process.execPath, ['--input-type=module', '--eval', esm], { cwd: import.meta.dirname });
    expect(imported.stdout.trim()).toMatch(new RegExp(`/${name}/dist/index\\.js$`));
  });

  it('keeps its insides to itself', async () => {
    await expect(exportsOf('require', `${specifier}/internal/x.js`)).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
    await expect(exportsOf('require', `${specifier}/dist/index.js`)).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});

describe('@sqlwarden/mysql2/promise', () => {
  it('gives the same names to import and to require', async () => {
    const specifier = '@sqlwarden/mysql2/promise';
    const [imported, required] = await Promise.all([exportsOf('(name) => import(name)', specifier), exportsOf('require', specifier)]);
    expect(required).toEqual(imported);
    expect(imported).toContain('createPool');
  });

  it('shares the state of the index, so that both have one gateway for a ledger', async () => {
    const script = `const [index, promise] = [require('@sqlwarden/mysql2'), require('@sqlwarden/mysql2/promise')];
      console.log(index.createPoolPromise === promise.createPool, index.createConnectionPromise === promise.createConnection)`;
    const { stdout, stderr } = await runProgram(process.execPath, ['--input-type=commonjs', '--eval', script], {
      cwd: import.meta.dirname,
    });
    expect([stdout.trim(), stderr]).toEqual(['true true', '']);
  });
});
