import { describe, expect, it } from '@jest/globals';
import type { UpstreamInfo } from '../gateway.js';
import { chooseUpstream, type WantedServer } from './gateway-lease.js';

const upstream = (name: string, dialect: UpstreamInfo['dialect'], port: number): UpstreamInfo =>
  ({ name, dialect, host: 'db', port, database: `of_${name}` }) as UpstreamInfo;
const gateway = { upstreams: [upstream('crm', 'postgres', 5432), upstream('shop', 'mysql', 3306), upstream('stock', 'mysql', 3307)] };
const nothing: WantedServer = { host: undefined, port: undefined, database: undefined };

describe('the upstream that an application means', () => {
  it.each<[string, Parameters<typeof chooseUpstream>[1], string | undefined, Partial<WantedServer>, string]>([
    ['is the only one of its database', 'postgres', undefined, {}, 'crm'],
    ['is the one that it names', 'mysql', 'stock', {}, 'stock'],
    ['is the one with that address', 'mysql', undefined, { host: 'db', port: 3306 }, 'shop'],
    ['is the one with that database, or that name of it', 'mysql', undefined, { database: 'of_stock' }, 'stock'],
  ])('%s', (_, dialect, name, wanted, found) => {
    expect(chooseUpstream(gateway, dialect, name, { ...nothing, ...wanted })).toEqual({ ok: true, upstream: found });
  });

  it.each<[string, Parameters<typeof chooseUpstream>[1], string | undefined, Partial<WantedServer>, string]>([
    ['of several', 'mysql', undefined, {}, 'several upstreams fit (shop, stock)'],
    ['of another database', 'mysql', 'crm', {}, 'its MySQL upstreams are: shop, stock'],
    ['elsewhere', 'postgres', undefined, { host: 'other' }, 'its PostgreSQL upstreams are: crm'],
  ])('is none %s', (_, dialect, name, wanted, problem) => {
    expect(chooseUpstream(gateway, dialect, name, { ...nothing, ...wanted })).toMatchObject({
      ok: false,
      problem: expect.stringContaining(problem),
    });
  });
});
