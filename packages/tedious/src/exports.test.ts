import { describe, expect, it } from '@jest/globals';
import driver from 'tedious';
import * as wrapper from './index.js';

const namesOf = (module: object): string[] => Object.keys(module).filter((name) => name !== 'default' && name !== '__esModule');

describe('what @sqlwarden/tedious exports', () => {
  it('is all that tedious does', () => {
    expect(namesOf(driver).filter((name) => !namesOf(wrapper).includes(name))).toEqual([]);
    expect(namesOf(wrapper).filter((name) => (wrapper as Record<string, unknown>)[name] === undefined)).toEqual([]);
  });

  it("is the driver's own where nothing is governed", () => {
    for (const name of [
      'Request',
      'BulkLoad',
      'TYPES',
      'ISOLATION_LEVEL',
      'TDS_VERSION',
      'RequestError',
      'ConnectionError',
      'library',
    ] as const)
      expect(Object.entries(wrapper)).toContainEqual([name, driver[name]]);
    expect(Object.getPrototypeOf(wrapper.Connection)).toBe(driver.Connection);
  });
});
