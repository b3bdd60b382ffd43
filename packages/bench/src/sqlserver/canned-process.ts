// A process of its own for the canned server, so that it does not wait behind what the benchmark does: one request by message, one answer.
import type { Duplex } from 'node:stream';
import { cannedDatabase, type CannedSqlServerOptions, startCannedSqlServer } from '@sqlwarden/testkit';
import { WIDE_TABLES } from '../load/measured.js';
import { ACCOUNT_COLUMNS, balanceOf, WIDE_COLUMNS, wideRow } from './bench-tables.js';
import { DONE_BYTES } from './message-scanner.js';
import { DATABASE, sqlserverLoad } from './sqlserver-load.js';

export interface CannedStart {
  readonly password: string;
  readonly rows: number;
}

const FORGET_MS = 500;
const PACKET_HEADER = 8;
const ACCOUNT = 'gateway';

async function start({ password, rows }: CannedStart): Promise<number> {
  const tables = Object.fromEntries(Object.values(WIDE_TABLES).map((name) => [`dbo.${name}`, WIDE_COLUMNS]));
  const accounts = { [ACCOUNT]: password };
  const common: CannedSqlServerOptions = { accounts, databases: [DATABASE], encryption: 'not-supported' };
  const columns = Object.entries(WIDE_COLUMNS).map(([name, type]) => ({ name, type }));
  const wide = function* (): Generator<ReturnType<typeof wideRow>> {
    for (let id = 1; id <= rows; id += 1) yield wideRow(id);
  };
  // Its rows are encoded once: encoding them at each reply would be what is measured.
  const slow = await startCannedSqlServer({
    ...common,
    answers: [{ when: 'select * from wide', give: [{ kind: 'rows', columns, rows: wide() }] }],
  });
  const tokens = await tokensOf(slow.port, password);
  await slow.stop();
  const server = await startCannedSqlServer({
    ...common,
    answers: [
      {
        when: /^select \* from wide_\d$/,
        give: [
          { kind: 'raw', tokens },
          { kind: 'count', count: rows },
        ],
      },
      { when: /^select \* from wide_\d where id = 77$/, give: [{ kind: 'rows', columns, rows: [wideRow(77)] }] },
      {
        when: /^select abalance from accounts where aid = /,
        give: (request) => {
          const value = request.kind === 'rpc' ? request.parameters.at(-1)?.value : /\d+$/.exec(request.text)?.[0];
          return [{ kind: 'rows', columns: [{ name: 'abalance', type: 'int not null' }], rows: [[balanceOf(Number(value))]] }];
        },
      },
      { when: 'select 1', give: [{ kind: 'rows', columns: [{ name: '', type: 'int not null' }], rows: [[1]] }] },
      ...cannedDatabase({ name: DATABASE, tables: { 'dbo.accounts': ACCOUNT_COLUMNS, ...tables } }),
    ],
  });
  setInterval(() => server.forget(), FORGET_MS).unref();
  return server.port;
}

/** COLMETADATA and the rows of the reply, as the server sends them, without the DONE behind them. */
async function tokensOf(port: number, password: string): Promise<Buffer> {
  const login = { user: ACCOUNT, password };
  const statement = { kind: 'text', sql: 'select * from wide', upTo: 1 } as const;
  const connection = await sqlserverLoad.connect({ database: 'sqlserver', port, login, clients: 1, seconds: 1, statement });
  const stream: Duplex = connection.stream;
  stream.removeAllListeners('data');
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const scanner = connection.scanner(() => resolve());
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      scanner.push(chunk);
    });
    void connection.prepare(statement).then((next) => stream.write(next()));
  });
  stream.destroy();
  const all = Buffer.concat(chunks);
  const bodies: Buffer[] = [];
  for (let at = 0; at < all.length; at += all.readUInt16BE(at + 2))
    bodies.push(all.subarray(at + PACKET_HEADER, at + all.readUInt16BE(at + 2)));
  return Buffer.concat(bodies).subarray(0, -DONE_BYTES);
}

process.once('message', (request: CannedStart) => {
  start(request)
    .then((port) => process.send?.({ port }))
    .catch((error: unknown) => process.send?.({ failed: String(error) }, undefined, undefined, () => process.exit(1)));
});
process.once('disconnect', () => process.exit(0));
