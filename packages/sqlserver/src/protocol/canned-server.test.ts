import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CannedSqlServer, type CannedSqlServerColumn, startCannedSqlServer, until } from '@sqlwarden/testkit';
import { CELL_SAMPLES } from '../testing/cell-samples.js';
import { agreed, ReEncoder } from '../testing/re-encoder.js';
import { transactionHeaders } from './all-headers.js';
import { encodeLogin7 } from './login7.js';
import { encodeAttention, PACKET_STATUS, PACKET_TYPE } from './packet.js';
import { encodeMessage } from './packet-writer.js';
import { encodePrelogin, PRELOGIN } from './prelogin.js';
import { encodeRpcRequest, type RpcCall, type RpcParameter } from './rpc-request.js';
import { encodeSqlBatch } from './sql-batch.js';
import { type TdsVersion, versionLayout, versionNumber } from './tds-version.js';
import { encodeTransactionManagerRequest } from './transaction-manager-request.js';

/** Every type that a statement can have, as T-SQL declares it, with a value; those of TDS 7.2 and 7.3 behind the others. */
const SHILOH: readonly (readonly [string, string | number | boolean | Uint8Array])[] = [
  ['int not null', 7],
  ['tinyint', 7],
  ['smallint', 7],
  ['bigint', 7],
  ['bit not null', true],
  ['bit', true],
  ['real', 1.5],
  ['float not null', 1.5],
  ['decimal(12,2)', '12.50'],
  ['numeric(38,0)', '7'],
  ['money', '1.5'],
  ['smallmoney not null', '1.5'],
  ['datetime', '2026-01-31 10:20:30'],
  ['smalldatetime not null', '2026-01-31 10:20'],
  ['uniqueidentifier', '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
  ['char(10)', 'abc'],
  ['varchar(20)', 'abc'],
  ['nchar(10)', 'abc'],
  ['nvarchar(20)', 'abc'],
  ['binary(4)', Uint8Array.of(1, 2, 3, 4)],
  ['varbinary(9)', Uint8Array.of(1, 2)],
  ['text', 'a long text'],
  ['ntext', 'a long text'],
  ['image', Uint8Array.of(9, 8)],
];
const YUKON = [
  ['varchar(max)', 'x'.repeat(9000)],
  ['nvarchar(max)', 'x'.repeat(9000)],
  ['varbinary(max)', new Uint8Array(9000)],
  ['xml', '<a/>'],
] as const;
const KATMAI = [
  ['date', '2026-01-31'],
  ['time(3)', '10:20:30.123'],
  ['datetime2(7)', '2026-01-31 10:20:30.1234567'],
  ['datetimeoffset(0)', '2026-01-31 10:20:30 +02:00'],
] as const;
/** Types of servers before SQL Server 7, which only old clients still name; and one whose NULL is no parameter. */
const LEGACY: ReadonlySet<string> = new Set(['CHAR', 'VARCHAR', 'BINARY', 'VARBINARY', 'DECIMAL', 'NUMERIC', 'SSVARIANT']);
const VERSIONS: readonly TdsVersion[] = ['7.1', '7.2', '7.3A', '7.3B', '7.4'];

let server: CannedSqlServer;
beforeAll(async () => {
  server = await startCannedSqlServer({ encryption: 'not-supported', accounts: { ada: 'Päss wörd' } });
});
afterAll(() => server.stop());

/** A client whose every byte comes from the encoders here, and whose every byte got goes through the decoders. */
async function talk(version: TdsVersion, requests: readonly Uint8Array[], packetSize: number): Promise<ReEncoder> {
  const socket = connect(server.port, server.host);
  const common = agreed();
  common.layout = versionLayout(version);
  const received: Buffer[] = [];
  const decoder = new ReEncoder('server', common, (bytes) => [bytes]);
  socket.on('data', (chunk) => {
    received.push(chunk);
    decoder.push(Uint8Array.from(chunk));
  });
  await once(socket, 'connect');
  const login = { ...NO_LOGIN, tdsVersion: versionNumber(version), packetSize, newPassword: version === '7.1' ? undefined : '' };
  const prelogin = encodePrelogin({
    options: [
      { token: PRELOGIN.VERSION, data: new Uint8Array(6) },
      { token: PRELOGIN.ENCRYPTION, data: Uint8Array.of(2) },
    ],
  });
  const messages = [
    encodeMessage({ type: PACKET_TYPE.PRELOGIN, packetSize: 4096 }, prelogin),
    encodeMessage({ type: PACKET_TYPE.LOGIN7, packetSize: 4096 }, encodeLogin7(login)),
    ...requests,
  ];
  for (const [at, message] of messages.entries()) {
    socket.write(message);
    await until(() => decoder.messages > at || server.protocolErrors.length > 0);
    expect(server.protocolErrors).toEqual([]);
  }
  socket.destroy();
  expect(decoder.left).toBe(0);
  expect(Buffer.compare(decoder.written, Buffer.concat(received))).toBe(0);
  return decoder;
}

const NO_LOGIN = {
  clientProgramVersion: 7,
  clientProcessId: 1,
  connectionId: 0,
  optionFlags1: 0xe0,
  optionFlags2: 0x03,
  typeFlags: 0,
  optionFlags3: 0,
  clientTimeZone: -60,
  clientLcid: 1033,
  hostName: 'host',
  userName: 'ada',
  password: 'Päss wörd',
  applicationName: 'app',
  serverName: 'srv',
  libraryName: 'lib',
  language: '',
  database: 'master',
  clientId: new Uint8Array(6),
  sspi: new Uint8Array(0),
  attachDatabaseFile: '',
  features: undefined,
};

describe.each(VERSIONS)('an independent server that speaks TDS %s', (version) => {
  const layout = versionLayout(version);
  const headers = layout.allHeaders ? transactionHeaders(0n) : undefined;
  const message = (type: number, payload: Uint8Array, packetSize = 4096): Uint8Array => encodeMessage({ type, packetSize }, payload);
  const batch = (text: string, packetSize = 4096): Uint8Array =>
    message(PACKET_TYPE.SQL_BATCH, encodeSqlBatch({ headers, text }), packetSize);

  it.each([512, 4096, 32_767])(
    'understands what is encoded, and its rows of every type are decoded (packets of %i bytes)',
    async (packetSize) => {
      const types = [...SHILOH, ...(layout.isYukon ? YUKON : []), ...(layout.dateTypes ? KATMAI : [])];
      const columns: CannedSqlServerColumn[] = types.map(([type], at) => ({ name: `c${at}`, type }));
      const values = types.map(([, value]) => value);
      const nulls = types.map(([type, value]) => (type.endsWith('not null') ? value : null));
      server.forget();
      server.answer({ when: 'select all types', give: [{ kind: 'rows', columns, rows: [values, nulls, values], plpChunkBytes: 700 }] });
      const long = `select all types`;
      const decoder = await talk(
        version,
        [batch(long, packetSize), batch(`/* ${'pad '.repeat(3000)} */ select 1`, packetSize)],
        packetSize,
      );
      expect(server.protocolErrors).toEqual([]);
      expect(server.texts()[0]).toBe(long);
      expect(server.texts()[1]).toHaveLength(12_000 + 15);
      expect(decoder.rows).toBe(3);
      expect(server.logins.at(-1)).toMatchObject({ userName: 'ada', password: 'Päss wörd', packetSize });
    },
  );

  it('understands parameters of every type, transactions, resets and attentions', async () => {
    server.forget();
    const parameters = Object.values(CELL_SAMPLES)
      .flat()
      .filter(({ type }) => type.name !== 'NULL' && type.udt === undefined && !LEGACY.has(type.name))
      .filter(
        ({ type }) =>
          (layout.isYukon || (type.form !== 'plp' && type.name !== 'XML')) &&
          (layout.dateTypes || !/^(?:DATE|TIME|DATETIME2|DATETIMEOFFSET)N$/.test(type.name)),
      )
      .map(
        ({ type }, at): RpcParameter => ({
          name: `@p${at}`,
          status: 0,
          kind: 'value',
          type,
          value: { bytes: type.form === 'fixed' ? new Uint8Array(type.maxLength ?? 0) : null },
        }),
      );
    const call: RpcCall = { procedure: { name: 'dbo.takes_all' }, options: 0, parameters, separator: undefined };
    const requests = [message(PACKET_TYPE.RPC, encodeRpcRequest({ headers, calls: [call] }, layout))];
    if (layout.allHeaders) {
      const begin = encodeTransactionManagerRequest({
        headers: transactionHeaders(0n),
        request: { kind: 'TM_BEGIN_XACT', isolationLevel: 2, name: 't' },
      });
      requests.push(message(PACKET_TYPE.TRANSACTION_MANAGER, begin));
    }
    requests.push(
      encodeMessage(
        { type: PACKET_TYPE.SQL_BATCH, packetSize: 4096, status: PACKET_STATUS.RESET_CONNECTION },
        encodeSqlBatch({ headers, text: 'select 1' }),
      ),
    );
    requests.push(encodeAttention());
    await talk(version, requests, 4096);
    expect(server.protocolErrors).toEqual([]);
    const [rpc, ...rest] = server.requests;
    expect(rpc?.kind === 'rpc' && rpc.parameters.map(({ name }) => name)).toEqual(parameters.map(({ name }) => name));
    expect(rest.map(({ kind }) => kind)).toEqual([...(layout.allHeaders ? ['transaction manager'] : []), 'batch', 'attention']);
    expect(rest.at(-2)?.reset).toBe('connection');
  });
});
