import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allHeaders, login7, rpcRequest, serverToken, transactionRequest } from '../testing/message-arbitraries.js';
import { readBulkLoad } from './bulk-load.js';
import { encodeFedAuth, encodeFedAuthTokenMessage, type FedAuth, readFedAuth, readFedAuthTokenMessage } from './login-features.js';
import { encodeLogin7, readLogin7 } from './login7.js';
import { PayloadReader } from './payload-reader.js';
import { PayloadWriter } from './payload-writer.js';
import { encodePrelogin, PRELOGIN, preloginByte, preloginData, readPrelogin } from './prelogin.js';
import { ProtocolError } from './protocol-error.js';
import { decodeRpcRequest, encodeRpcRequest } from './rpc-request.js';
import { type ServerToken, TOKEN } from './server-token.js';
import { decodeSqlBatch, encodeSqlBatch } from './sql-batch.js';
import { isOlder, type TdsVersion, type VersionLayout, versionLayout, versionNumber, versionOf } from './tds-version.js';
import { decodeToken, encodeToken } from './token-codec.js';
import { TokenReader } from './token-reader.js';
import { decodeTransactionManagerRequest, encodeTransactionManagerRequest } from './transaction-manager-request.js';

const VERSIONS: readonly TdsVersion[] = ['7.1', '7.2', '7.3A', '7.3B', '7.4', '8.0'];

function codeOf(work: () => void): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return undefined;
}

function encoded(token: ServerToken, layout: VersionLayout): Uint8Array {
  const writer = new PayloadWriter();
  encodeToken(writer, token, layout);
  return writer.take();
}

function isReadable({ kind }: ServerToken): boolean {
  // Their values follow: cells.test.ts has them.
  return kind !== 'RETURNVALUE';
}

describe.each(VERSIONS)('under TDS %s', (version) => {
  const layout = versionLayout(version);

  it('every token is what was encoded, alone and in a stream however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(serverToken(layout), { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        (tokens, sizes) => {
          for (const token of tokens) {
            const bytes = encoded(token, layout);
            expect(decodeToken(bytes, 0, bytes.length, layout)).toEqual(token);
          }
          const stream = tokens.filter(isReadable);
          const bytes = Buffer.concat(stream.map((token) => encoded(token, layout)));
          const reader = new TokenReader(layout);
          const found: ServerToken[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const end = Math.min(at + (sizes[i % sizes.length] as number), bytes.length);
            reader.push(bytes, at, end);
            at = end;
            // Byte fields are views of what is cut into pieces: decoded again from a copy.
            while (reader.next() === 'token') found.push(decodeToken(reader.buffer.slice(), reader.start, reader.end, layout));
          }
          reader.endMessage();
          expect(found).toEqual(stream);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('every token without its last byte is not yet one, and refused as a whole one', () => {
    fc.assert(
      fc.property(serverToken(layout).filter(isReadable), (token) => {
        const bytes = encoded(token, layout);
        const short = bytes.subarray(0, bytes.length - 1);
        const reader = new TokenReader(layout);
        reader.push(short, 0, short.length);
        expect(reader.next()).toBeUndefined();
        expect(codeOf(() => reader.endMessage())).toBe('truncated');
        expect(codeOf(() => decodeToken(short, 0, short.length, layout))).toBe('truncated');
        const longer = Buffer.concat([bytes, Buffer.of(0)]);
        expect(codeOf(() => decodeToken(longer, 0, longer.length, layout))).toBe('trailing-bytes');
      }),
      { numRuns: 60 },
    );
  });

  it('every RPC request is what was encoded', () => {
    fc.assert(
      fc.property(rpcRequest(layout), (request) => {
        expect(decodeRpcRequest(encodeRpcRequest(request, layout), layout)).toEqual(request);
      }),
      { numRuns: 60 },
    );
  });

  it('every LOGIN7 is what was encoded', () => {
    fc.assert(
      fc.property(login7(layout), (login) => {
        const bytes = encodeLogin7(login);
        expect(readLogin7(bytes)).toEqual(login);
        expect(encodeLogin7(readLogin7(bytes))).toEqual(bytes);
      }),
      { numRuns: 60 },
    );
  });

  it('every batch and transaction manager request is what was encoded', () => {
    fc.assert(
      fc.property(allHeaders, fc.string({ unit: 'binary', maxLength: 200 }), transactionRequest, (headers, text, request) => {
        const batch = { headers: layout.allHeaders ? headers : undefined, text };
        expect(decodeSqlBatch(encodeSqlBatch(batch), layout)).toEqual(batch);
        const bytes = encodeTransactionManagerRequest({ headers, request });
        if (layout.allHeaders) expect(decodeTransactionManagerRequest(bytes, layout)).toEqual({ headers, request });
        else expect(codeOf(() => decodeTransactionManagerRequest(bytes, layout))).toBe('unexpected-message');
      }),
    );
  });

  it('hostile bytes end in a message or a protocol error', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
    const damaged = (bytes: Uint8Array, at: readonly (readonly [number, number])[]): Uint8Array => {
      const copy = bytes.slice();
      for (const [place, byte] of at) if (copy.length > 0) copy[place % copy.length] = byte;
      return copy;
    };
    fc.assert(
      fc.property(
        rpcRequest(layout),
        login7(layout),
        fc.array(serverToken(layout), { maxLength: 3 }),
        flips,
        (request, login, tokens, at) => {
          const rpc = damaged(encodeRpcRequest(request, layout), at);
          codeOf(() => decodeRpcRequest(rpc, layout));
          codeOf(() => decodeSqlBatch(rpc, layout));
          codeOf(() => decodeTransactionManagerRequest(rpc, layout));
          codeOf(() => readLogin7(damaged(encodeLogin7(login), at)));
          codeOf(() => readPrelogin(damaged(encodeLogin7(login), at)));
          const bytes = damaged(Buffer.concat(tokens.map((token) => encoded(token, layout))), at);
          for (const from of ['server', 'bulk-load'] as const) {
            const reader = new TokenReader(layout, { from });
            codeOf(() => {
              reader.push(bytes, 0, bytes.length);
              while (reader.next() !== undefined) reader.skipRows(5);
            });
            expect(reader.buffered).toBeLessThanOrEqual(bytes.length);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('versions', () => {
  it('are told from their numbers, and the older from the newer', () => {
    for (const version of VERSIONS) expect(versionOf(versionNumber(version))).toBe(version);
    expect(VERSIONS.map((version) => isOlder(version, '7.3A'))).toEqual([true, true, false, false, false, false]);
    expect(codeOf(() => versionOf(0x7000_0000))).toBe('unsupported');
  });
});

describe('the login', () => {
  it('has a password that is only scrambled', () => {
    // [MS-TDS] 2.2.6.4: the halves of each byte are swapped, then XOR 0xA5.
    const bytes = Buffer.from(encodeLogin7({ ...plainLogin, password: 'a' }));
    expect(bytes.includes(Buffer.from([0xb3, 0xa5]))).toBe(true);
    expect(readLogin7(bytes).password).toBe('a');
  });

  it('is refused when it is not as long as it says, or fields lie outside or over others', () => {
    const bytes = encodeLogin7(plainLogin);
    expect(codeOf(() => readLogin7(bytes.subarray(0, bytes.length - 1)))).toBe('length');
    const outside = bytes.slice();
    outside[36] = 0xff;
    outside[37] = 0xff;
    expect(codeOf(() => readLogin7(outside))).toBe('truncated');
    const over = bytes.slice();
    over[36] = 4;
    over[37] = 0;
    expect(codeOf(() => readLogin7(over))).toBe('length');
  });

  it('has no feature twice', () => {
    const feature = { id: 10, data: Uint8Array.of(1) };
    expect(codeOf(() => readLogin7(encodeLogin7({ ...plainLogin, features: [feature, feature] })))).toBe('invalid-value');
  });

  it.each<FedAuth>([
    { echo: true, library: 'security-token', token: 'ey.J0', nonce: undefined },
    { echo: false, library: 'security-token', token: 'ey.J0', nonce: new Uint8Array(32).fill(7) },
    { echo: true, library: 'adal', workflow: 1 },
    { echo: false, library: 'other', id: 0, data: Uint8Array.of(1, 2) },
  ])('has the FEDAUTH that was encoded (%o)', (fedAuth) => {
    const bytes = encodeFedAuth(fedAuth);
    expect(readFedAuth(bytes)).toEqual(fedAuth);
  });

  it.each([undefined, new Uint8Array(32).fill(9)])('may be followed by the token (nonce %p)', (nonce) => {
    const bytes = encodeFedAuthTokenMessage({ token: 'ey.J0', nonce });
    expect(readFedAuthTokenMessage(bytes)).toEqual({ token: 'ey.J0', nonce });
    expect(codeOf(() => readFedAuthTokenMessage(bytes.subarray(1)))).toBeDefined();
  });
});

const plainLogin = {
  tdsVersion: versionNumber('7.4'),
  packetSize: 4096,
  clientProgramVersion: 0,
  clientProcessId: 0,
  connectionId: 0,
  optionFlags1: 0,
  optionFlags2: 0,
  typeFlags: 0,
  optionFlags3: 0,
  clientTimeZone: 0,
  clientLcid: 1033,
  hostName: 'h',
  userName: 'u',
  password: '',
  applicationName: '',
  serverName: '',
  libraryName: '',
  language: '',
  database: '',
  clientId: new Uint8Array(6),
  sspi: new Uint8Array(0),
  attachDatabaseFile: '',
  newPassword: '',
  features: undefined,
};

describe('PRELOGIN', () => {
  const option = fc.record({ token: fc.integer({ min: 8, max: 0xfe }), data: fc.uint8Array({ maxLength: 40 }) });

  it('is what was encoded, options that are not known among it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(option, { selector: ({ token }) => token, maxLength: 9 }), (options) => {
        expect(readPrelogin(encodePrelogin({ options }))).toEqual({ options });
      }),
    );
    const prelogin = readPrelogin(encodePrelogin({ options: [{ token: PRELOGIN.ENCRYPTION, data: Uint8Array.of(1) }] }));
    expect(preloginByte(prelogin, PRELOGIN.ENCRYPTION)).toBe(1);
    expect(preloginData(prelogin, PRELOGIN.MARS)).toBeUndefined();
  });

  it.each([
    ['twice', [1, 0, 11, 0, 1, 1, 0, 11, 0, 1, 0xff, 2], 'invalid-value'],
    ['outside', [1, 0, 6, 0, 2, 0xff, 2], 'truncated'],
    ['over others', [1, 0, 2, 0, 1, 0xff, 2], 'length'],
    ['without an end', [1, 0, 6, 0, 1], 'truncated'],
    ['with a nonce that is none', [7, 0, 6, 0, 1, 0xff, 2], 'length'],
  ])('is refused with an option %s', (_, bytes, code) => {
    expect(codeOf(() => readPrelogin(Uint8Array.from(bytes)))).toBe(code);
  });
});

describe('requests that no driver sends', () => {
  const layout = versionLayout('7.4');
  const noHeaders = [4, 0, 0, 0];

  it.each([
    ['a parameter that is encrypted', [...noHeaders, 0xff, 0xff, 10, 0, 0, 0, 0, 8, 0x26, 4, 0], 'unsupported'],
    ['a name as long as the BatchFlag of TDS 7.1', [...noHeaders, 0xff, 0xff, 10, 0, 0, 0, 0x80, ...Array<number>(300).fill(65)], 'length'],
    ['a procedure without a name', [...noHeaders, 0, 0, 0, 0], 'length'],
    ['headers that are longer than they say', [30, 0, 0, 0, 22, 0, 0, 0, 2, 0], 'length'],
    ['a header that is not known', [10, 0, 0, 0, 6, 0, 0, 0, 9, 0], 'invalid-value'],
    ['no headers', [1, 2], 'truncated'],
    ['headers twice', [16, 0, 0, 0, 6, 0, 0, 0, 3, 0, 6, 0, 0, 0, 3, 0], 'invalid-value'],
  ])('are refused: %s', (_, bytes, code) => {
    expect(codeOf(() => decodeRpcRequest(Uint8Array.from(bytes), layout))).toBe(code);
  });

  it('are refused: a text of an odd number of bytes', () => {
    expect(codeOf(() => decodeSqlBatch(Uint8Array.from([...noHeaders, 65, 0, 66]), layout))).toBe('invalid-text');
  });

  it('keep statement texts of every length and kind of string', () => {
    for (const length of [1, 4000, 4001, 40_000]) {
      const text = 'é'.repeat(length);
      for (const type of ['NVARCHAR', 'max', 'NTEXT'] as const) {
        const bytes = Buffer.from(text, 'utf16le');
        if (type === 'NVARCHAR' && bytes.length > 8000) continue;
        const collation = { lcid: 1033, flags: 0, version: 0, sortId: 0 };
        const typeInfo =
          type === 'NTEXT'
            ? { type: 0x63, name: 'NTEXT' as const, form: 'text-pointer' as const, maxLength: bytes.length, collation }
            : {
                type: 0xe7,
                name: 'NVARCHAR' as const,
                form: type === 'max' ? ('plp' as const) : ('ushort-length' as const),
                maxLength: type === 'max' ? undefined : 8000,
                collation,
              };
        const value =
          type === 'max'
            ? { bytes: new Uint8Array(bytes), plp: { total: undefined, sizes: cutSizes(bytes.length) } }
            : { bytes: new Uint8Array(bytes) };
        const call = {
          procedure: { id: 10 },
          options: 0,
          separator: undefined,
          parameters: [{ name: '', status: 0, kind: 'value' as const, type: typeInfo, value }],
        };
        const [found] = decodeRpcRequest(encodeRpcRequest({ headers: [], calls: [call] }, layout), layout).calls;
        const [parameter] = found?.parameters ?? [];
        expect(parameter?.kind === 'value' && Buffer.from(parameter.value.bytes ?? []).toString('utf16le') === text).toBe(true);
      }
    }
  });
});

function cutSizes(length: number): number[] {
  const sizes: number[] = [];
  for (let left = length; left > 0; left -= 1000) sizes.push(Math.min(left, 1000));
  return sizes;
}

describe('the token reader', () => {
  const layout = versionLayout('7.4');

  it('refuses what the protocol does not have or nobody asked for, and stays failed', () => {
    for (const [type, code] of [
      [0x00, 'unknown-message'],
      [0x42, 'unknown-message'],
      [TOKEN.DATACLASSIFICATION, 'unsupported'],
      [TOKEN.ROW, 'unexpected-message'],
      [TOKEN.NBCROW, 'unexpected-message'],
    ] as const) {
      const reader = new TokenReader(layout);
      reader.push(Uint8Array.of(type, 0, 0, 0, 0, 0), 0, 6);
      expect(codeOf(() => reader.next())).toBe(code);
      expect(codeOf(() => reader.next())).toBe('dead');
      expect(codeOf(() => reader.skipRows(1))).toBe('dead');
    }
  });

  it('forgets the columns of a result at its end', () => {
    const reader = new TokenReader(layout);
    const int4 = { type: 0x38, name: 'INT4' as const, form: 'fixed' as const, maxLength: 4 };
    const columns = [{ userType: 0, flags: 0, type: int4, name: 'n' }];
    const writer = new PayloadWriter();
    encodeToken(writer, { kind: 'COLMETADATA', columns }, layout);
    writer.int1(TOKEN.ROW).int4(1);
    encodeToken(writer, { kind: 'DONE', status: 1, currentCommand: 0, rowCount: 1n }, layout);
    const bytes = writer.int1(TOKEN.ROW).int4(2).take();
    reader.push(bytes, 0, bytes.length);
    expect([reader.next(), reader.skipRows(9), reader.next()]).toEqual(['token', 1, 'token']);
    expect(codeOf(() => reader.next())).toBe('unexpected-message');
  });

  it('reads rows whose columns only the client was told of', () => {
    const reader = new TokenReader(layout);
    const int4 = { type: 0x38, name: 'INT4' as const, form: 'fixed' as const, maxLength: 4 };
    const writer = new PayloadWriter();
    encodeToken(writer, { kind: 'COLMETADATA', columns: undefined }, layout);
    const bytes = writer.int1(TOKEN.ROW).int4(7).take();
    reader.push(bytes, 0, bytes.length);
    expect(reader.next()).toBe('token');
    expect(reader.columns).toBeUndefined();
    reader.useColumns([{ userType: 0, flags: 0, type: int4, name: 'n' }]);
    reader.watch(Uint8Array.of(1));
    expect([reader.next(), reader.next()]).toEqual(['row', 'cell']);
    expect(new PayloadReader(reader.buffer, reader.valueStart, reader.end).int4()).toBe(7);
    expect([reader.next(), reader.next(), reader.midToken]).toEqual(['row-end', undefined, false]);
  });

  it('begins no more rows than it may', () => {
    const reader = new TokenReader(layout);
    const int1 = { type: 0x30, name: 'INT1' as const, form: 'fixed' as const, maxLength: 1 };
    reader.useColumns([{ userType: 0, flags: 0, type: int1, name: 'n' }]);
    const rows = Uint8Array.from([0, 1, 2, 3].flatMap((n) => [TOKEN.ROW, n]));
    reader.push(rows, 0, rows.length);
    expect([reader.skipRows(3), reader.skipRows(0), reader.next(), reader.next(), reader.next()]).toEqual([3, 0, 'row', 'span', 'row-end']);
  });

  it('buffers no more than a token may have', () => {
    const reader = new TokenReader(layout, { maxTokenBytes: 1000 });
    const announced = new PayloadWriter().int1(TOKEN.SESSIONSTATE).int4(1001).take();
    reader.push(announced, 0, announced.length);
    expect(codeOf(() => reader.next())).toBe('too-large');
    const endless = new TokenReader(layout, { maxTokenBytes: 1000 });
    const metadata = new PayloadWriter().int1(TOKEN.COLMETADATA).int2(4000).take();
    const column = new PayloadWriter().int4(0).int2(0).int1(0x38).byteText('a').take();
    endless.push(metadata, 0, metadata.length);
    endless.next();
    const code = codeOf(() => {
      for (let i = 0; i < 200; i++) {
        endless.push(column, 0, column.length);
        endless.next();
        expect(endless.buffered).toBeLessThanOrEqual(1000);
      }
    });
    expect(code).toBe('too-large');
  });

  it('reads rows of COMPUTE by the ALTMETADATA that they name', () => {
    const reader = new TokenReader(layout);
    const int4 = { type: 0x38, name: 'INT4' as const, form: 'fixed' as const, maxLength: 4 };
    const columns = [{ operation: 0x4d, operand: 1, userType: 0, flags: 0, type: int4, name: 'sum' }];
    const writer = new PayloadWriter();
    encodeToken(writer, { kind: 'ALTMETADATA', id: 3, by: [1], columns }, layout);
    const bytes = writer.int1(TOKEN.ALTROW).int2(3).int4(9).int1(TOKEN.ALTROW).int2(4).take();
    reader.push(bytes, 0, bytes.length);
    expect([reader.next(), reader.next(), reader.next(), reader.next()]).toEqual(['token', 'row', 'span', 'row-end']);
    expect(codeOf(() => reader.next())).toBe('unexpected-message');
  });
});

describe('a bulk load', () => {
  const layout = versionLayout('7.4');
  const int4 = { type: 0x38, name: 'INT4' as const, form: 'fixed' as const, maxLength: 4 };
  const columns = [{ userType: 0, flags: 0, type: int4, name: 'n' }];
  const write = (build: (writer: PayloadWriter) => void): Uint8Array => {
    const writer = new PayloadWriter();
    encodeToken(writer, { kind: 'COLMETADATA', columns }, layout, 'bulk-load');
    build(writer);
    return writer.take();
  };
  const row = (writer: PayloadWriter): PayloadWriter => writer.int1(TOKEN.ROW).int4(7);
  const done = (writer: PayloadWriter): void => encodeToken(writer, { kind: 'DONE', status: 0, currentCommand: 0, rowCount: 0n }, layout);

  it('has columns and rows, and a DONE or none', () => {
    expect(
      readBulkLoad(
        write((writer) => row(row(writer))),
        layout,
      ),
    ).toEqual({ columns, rows: 2 });
    expect(
      readBulkLoad(
        write((writer) => done(row(writer))),
        layout,
      ),
    ).toEqual({ columns, rows: 1 });
    expect(
      readBulkLoad(
        write(() => undefined),
        layout,
      ),
    ).toEqual({ columns, rows: 0 });
  });

  it.each([
    ['rows without columns', row(new PayloadWriter()).take(), 'unexpected-message'],
    ['nothing', new Uint8Array(0), 'unexpected-message'],
    ['a row that ends too early', write((writer) => writer.int1(TOKEN.ROW).int2(7)), 'truncated'],
    ['another token', write((writer) => row(writer).int1(TOKEN.RETURNSTATUS).int4(0)), 'unknown-message'],
    ['rows behind its DONE', write((writer) => (done(writer), row(writer))), 'unexpected-message'],
    [
      'other columns behind its rows',
      write((writer) => (row(writer), encodeToken(writer, { kind: 'COLMETADATA', columns }, layout, 'bulk-load'))),
      'unexpected-message',
    ],
  ])('of %s is refused', (_, bytes, code) => {
    expect(codeOf(() => readBulkLoad(bytes, layout))).toBe(code);
  });
});
