import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import driver from 'mysql2';
import * as wrapper from './index.js';
import * as promised from './promise.js';

const require = createRequire(import.meta.url);

/** What is left out, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  ConnectionConfig: 'how the driver keeps options; here it is the type of ours',
  PoolCluster: 'there are no pool clusters: createPoolCluster says what to do',
  createQuery: 'makes a command of its own of the driver; connections have query',
  createServer: 'the other side of the protocol',
  authPlugins: 'the gateway logs in, the driver does not',
};

function namesOf(module: object): string[] {
  return Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports');
}

describe('what @sqlwarden/mysql2 exports', () => {
  it.each([
    ['mysql2', wrapper],
    ['mysql2/promise', promised],
  ])('is all that %s does but what is left out for a reason', (name, module) => {
    const own = namesOf(module);
    const missing = namesOf(require(name) as object).filter((one) => !own.includes(one));
    expect(missing).toEqual(missing.filter((one) => one in LEFT_OUT));
    for (const [left] of Object.entries(LEFT_OUT)) expect(own).not.toContain(left);
  });

  it('leaves out nothing that the driver does not have', () => {
    expect(Object.keys(LEFT_OUT).filter((name) => !(name in driver))).toEqual([]);
  });

  it('is defined, whatever the driver defines by getters', () => {
    const undefinedIn = (module: Record<string, unknown>): string[] => namesOf(module).filter((name) => module[name] === undefined);
    expect([undefinedIn(wrapper), undefinedIn(promised)]).toEqual([[], []]);
  });

  it("is the driver's own where nothing is governed", () => {
    for (const module of [wrapper, promised]) {
      expect(module.format('select ?? where a = ?', ['b`c', "d'e"])).toBe(driver.format('select ?? where a = ?', ['b`c', "d'e"]));
      expect(module.escape("x'y")).toBe("'x\\'y'");
      expect(module.escapeId('a.b')).toBe('`a`.`b`');
      expect(module.raw('now()').toSqlString()).toBe('now()');
      expect(module.Types).toBe(driver.Types);
    }
  });

  it.each([
    ['createPoolCluster', wrapper.createPoolCluster],
    ['createPoolClusterPromise', wrapper.createPoolClusterPromise],
    ['createPoolCluster of /promise', promised.createPoolCluster],
  ])('says what stands in the place of %s', (_, create) => {
    expect(() => create()).toThrow(
      expect.objectContaining({ code: 'no-cluster', message: expect.stringContaining('a pool for each server') }),
    );
  });

  it.each([
    ['createPool', wrapper.createPool],
    ['createPool of /promise', promised.createPool],
  ])('says what stands in the place of a URI alone: %s', (_, create) => {
    const plain = create as unknown as (uri: string) => unknown;
    expect(() => plain('mysql://me:secret@db/crm')).toThrow(
      expect.objectContaining({ code: 'no-configuration', message: expect.not.stringContaining('secret') }),
    );
  });
});
