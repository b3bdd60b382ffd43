import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Dialect, type InjectResult, type ServerClientHost, compilePolicy } from '@sqlwarden/core';
import type { ParsePool } from '../parse-pool.js';
import { compilePattern } from '../policy/compile-pattern.js';
import { Upstream } from './upstream.js';

/** A protocol in which the server's first byte says that the login is done, and whatever it sends then is the one cell of an answer. */
const dialect = {
  catalogueFingerprintSql: 'fingerprint',
  createCatalogueReader: () => (_query: unknown, version: number) => Promise.resolve({ catalogue: { version, relations: new Map() } }),
  createServerClient: (host: ServerClientHost) => {
    let answer: ((result: InjectResult) => void) | undefined;
    return {
      connected: () => undefined,
      tlsStarted: () => undefined,
      receive: (bytes: Uint8Array) => {
        if (answer === undefined) host.ready();
        else answer({ kind: 'rows', rows: [[Buffer.from(bytes).toString()]] });
      },
      query: (sql: string, done: (result: InjectResult) => void) => {
        answer = done;
        host.send(Buffer.from(sql));
      },
      ended: () => undefined,
    };
  },
} as unknown as Dialect;

describe('the schema of an upstream', () => {
  let server: Server;
  let upstream: Upstream;
  let clock: number;
  const sockets: Socket[] = [];
  /** Looks that the server has been asked for and has not answered. */
  let asked: (() => void)[];
  let heard: (() => void) | undefined;

  beforeEach(async () => {
    asked = [];
    clock = 0;
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => {
        asked.push(() => socket.write('same'));
        heard?.();
      });
      socket.write('.');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    upstream = new Upstream({
      name: 'crm',
      dialect,
      target: { host: '127.0.0.1', port, socketPath: undefined, tls: 'disable', ca: undefined, connectTimeoutMs: 5_000 },
      login: { user: 'gateway', database: 'crm', password: undefined, tls: 'disable' },
      parser: undefined as unknown as ParsePool,
      policy: compilePolicy([{ file: 'p', version: 1 }], { compilePattern }),
      maxAgeMs: 1000,
      now: () => clock,
      onSchemaChange: () => undefined,
    });
  });
  afterEach(() => {
    upstream.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });

  async function askedFor(): Promise<void> {
    if (asked.length === 0) await new Promise<void>((resolve) => (heard = resolve));
  }
  async function answer(): Promise<void> {
    await askedFor();
    asked.shift()?.();
  }
  async function look(): Promise<unknown> {
    const seen = upstream.fresh();
    await answer();
    return seen;
  }

  it('is not known while a look is under way that a reported change has made necessary', async () => {
    await look();
    expect(upstream.current()).toBeDefined();
    upstream.suspect();
    const first = upstream.fresh();
    await askedFor();
    // Another connection asks now: what it would be told is the schema before the change.
    expect(upstream.current()).toBeUndefined();
    await answer();
    await first;
    expect(upstream.current()).toBeDefined();
  });

  it('is looked at once more when a change is reported during a look', async () => {
    await look();
    upstream.suspect();
    const seen = upstream.fresh();
    await askedFor();
    upstream.suspect();
    await answer();
    await answer();
    await seen;
    expect(upstream.current()).toBeDefined();
  });

  it('stays known during a look ahead of time, until it is too old', async () => {
    await look();
    clock = 600;
    expect(upstream.current()).toBeDefined();
    await askedFor();
    expect(upstream.current()).toBeDefined();
    clock = 1001;
    expect(upstream.current()).toBeUndefined();
    await answer();
  });
});
