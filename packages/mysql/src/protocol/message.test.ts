import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readAuthenticationPacket, writeAuthenticationPacket } from './authentication-packets.js';
import type { BoundValue } from './bound-values.js';
import { CAPABILITIES, capabilityNames, hasCapability, withoutCapability } from './capabilities.js';
import { characterSetOf } from './character-sets.js';
import { type ClientCommand, CURSOR_TYPE, decodeCommand, readExecuteValues, writeCommand, writeExecute } from './client-command.js';
import { type ColumnDefinition41, readColumnDefinition, writeColumnDefinition } from './column-definition.js';
import { COMMAND, commandName } from './command.js';
import { readErr, writeErr } from './err-packet.js';
import { binaryForm, FIELD_TYPE } from './field-types.js';
import { readHandshakeV10, writeHandshakeV10 } from './handshake.js';
import { readClientStart, writeHandshakeResponse41, writeSslRequest } from './handshake-response.js';
import { readEof, readOk, writeEof, writeOk } from './ok-packet.js';
import { PacketWriter } from './packet-writer.js';
import { PayloadReader } from './payload-reader.js';
import { readResultSetHeader, readStmtPrepareOk, writeResultSetHeader, writeStmtPrepareOk } from './result-header.js';
import { columnTypes, RowCells } from './row-cells.js';
import type { SessionStateChange } from './session-state.js';
import { STATUS } from './status-flags.js';

const C = CAPABILITIES;

function payload(write: (writer: PacketWriter) => void): Uint8Array {
  const writer = new PacketWriter();
  write(writer);
  return writer.take();
}

const UNSURE: ReadonlySet<number> = new Set([FIELD_TYPE.MYSQL_TYPE_NULL, FIELD_TYPE.MYSQL_TYPE_INT24, FIELD_TYPE.MYSQL_TYPE_YEAR]);

/** What was written is read as it was, and nothing shorter or longer is. */
function sameAgain<T>(value: T, write: (writer: PacketWriter) => void, read: (bytes: Uint8Array) => T): void {
  const bytes = payload(write);
  expect(read(bytes)).toEqual(value);
}

const int1 = fc.nat(0xff);
const int2 = fc.nat(0xffff);
const int4 = fc.integer({ min: 0, max: 0xffff_ffff });
const int8 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const word = fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.replaceAll('\0', ''));
const data = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 300 }));
const nonce = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 20, maxLength: 20 }).map((bytes) => Uint8Array.from(bytes));
const capabilities = int4.map((bits) => (bits | C.CLIENT_PROTOCOL_41) >>> 0);

describe('what servers send', () => {
  it('reads a handshake as it was written, of MySQL and of MariaDB', () => {
    const handshake = fc.record({
      serverVersion: word,
      connectionId: int4,
      authData: nonce,
      capabilities: int4.map((bits) => (bits | C.CLIENT_SECURE_CONNECTION | C.CLIENT_PLUGIN_AUTH) >>> 0),
      mariadbCapabilities: int4,
      collation: int1,
      status: int2,
      authPlugin: word,
    });
    fc.assert(
      fc.property(handshake, (given) => {
        const isMysql = hasCapability(given.capabilities, C.CLIENT_LONG_PASSWORD);
        const value = isMysql ? { ...given, mariadbCapabilities: 0 } : given;
        sameAgain(
          value,
          (writer) => writeHandshakeV10(writer, value),
          (bytes) => readHandshakeV10(new PayloadReader(bytes)),
        );
      }),
    );
  });

  it('reads OK, EOF and ERR as they were written', () => {
    const change: fc.Arbitrary<SessionStateChange> = fc.oneof(
      fc.record({ kind: fc.constant('system-variable' as const), name: word, value: word }),
      fc.record({ kind: fc.constant('schema' as const), name: word }),
      fc.record({ kind: fc.constant('state-change' as const), isChanged: word }),
      fc.record({ kind: fc.constant('gtids' as const), encoding: int1, gtids: word }),
      fc.record({ kind: fc.constant('transaction-characteristics' as const), statements: word }),
      fc.record({ kind: fc.constant('transaction-state' as const), state: word }),
      fc.record({ kind: fc.constant('other' as const), type: fc.integer({ min: 6, max: 255 }), data }),
    );
    const ok = fc.record({
      header: fc.constantFrom(0x00 as const, 0xfe as const),
      affectedRows: int8,
      lastInsertId: int8,
      status: int2,
      warnings: int2,
      info: data,
      changes: fc.array(change, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(ok, capabilities, (given, agreed) => {
        const tracks = hasCapability(agreed, C.CLIENT_SESSION_TRACK) && (given.status & STATUS.SERVER_SESSION_STATE_CHANGED) !== 0;
        const value = tracks ? given : { ...given, changes: [] };
        sameAgain(
          value,
          (writer) => writeOk(writer, value, agreed),
          (bytes) => readOk(new PayloadReader(bytes), agreed),
        );
      }),
    );
    const eof = { warnings: 3, status: 0x22 };
    sameAgain(
      eof,
      (writer) => writeEof(writer, eof),
      (bytes) => readEof(new PayloadReader(bytes)),
    );
    const state = fc.option(fc.string({ minLength: 5, maxLength: 5, unit: fc.constantFrom('0', '4', '2', 'H', 'Y') }), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ code: int2, sqlState: state, message: word.map((text) => text.replace(/^#/, '')) }), (err) =>
        sameAgain(
          err,
          (writer) => writeErr(writer, err),
          (bytes) => readErr(new PayloadReader(bytes)),
        ),
      ),
    );
  });

  it('reads several variables in one entry of the session state', () => {
    const entry = payload((writer) => writer.lenencText('a').lenencText('1').lenencText('b').lenencText('2'));
    const state = payload((writer) => writer.int1(0).lenencBytes(entry));
    const bytes = payload((writer) =>
      writer.int1(0).int1(0).int1(0).int2(STATUS.SERVER_SESSION_STATE_CHANGED).int2(0).int1(0).lenencBytes(state),
    );
    expect(readOk(new PayloadReader(bytes), C.CLIENT_SESSION_TRACK).changes).toEqual([
      { kind: 'system-variable', name: 'a', value: '1' },
      { kind: 'system-variable', name: 'b', value: '2' },
    ]);
  });

  it('reads what belongs to authentication as it was written', () => {
    const packet = fc.oneof(
      fc.record({ kind: fc.constantFrom('AuthSwitchRequest' as const, 'AuthNextFactor' as const), plugin: word, data: nonce }),
      fc.record({ kind: fc.constant('AuthMoreData' as const), data }),
      fc.constant({ kind: 'OldAuthSwitchRequest' as const }),
    );
    fc.assert(
      fc.property(packet, (value) =>
        sameAgain(
          value,
          (writer) => writeAuthenticationPacket(writer, value),
          (bytes) => readAuthenticationPacket(new PayloadReader(bytes)),
        ),
      ),
    );
  });

  it('reads column definitions, headers of results and of prepared statements as they were written', () => {
    const column = fc.record(
      {
        catalog: word,
        schema: word,
        table: word,
        orgTable: word,
        name: word,
        orgName: word,
        collation: int2,
        columnLength: int4,
        type: int1,
        flags: int2,
        decimals: int1,
        defaultValue: fc.option(data),
      },
      {
        requiredKeys: [
          'catalog',
          'schema',
          'table',
          'orgTable',
          'name',
          'orgName',
          'collation',
          'columnLength',
          'type',
          'flags',
          'decimals',
        ],
      },
    );
    fc.assert(
      fc.property(column, (value: ColumnDefinition41) =>
        sameAgain(
          value,
          (writer) => writeColumnDefinition(writer, value),
          (bytes) => readColumnDefinition(new PayloadReader(bytes), value.defaultValue !== undefined),
        ),
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff }), int4, fc.boolean(), capabilities, (columns, statementId, follows, agreed) => {
        const metadataFollows = follows || !hasCapability(agreed, C.CLIENT_OPTIONAL_RESULTSET_METADATA);
        const header = { columns, metadataFollows };
        sameAgain(
          header,
          (writer) => writeResultSetHeader(writer, header, agreed),
          (bytes) => readResultSetHeader(new PayloadReader(bytes), agreed),
        );
        const ok = { statementId, columns, parameters: 0xffff - columns, warnings: 1, metadataFollows };
        sameAgain(
          ok,
          (writer) => writeStmtPrepareOk(writer, ok, agreed),
          (bytes) => readStmtPrepareOk(new PayloadReader(bytes), agreed),
        );
      }),
    );
    expect(() => readResultSetHeader(new PayloadReader(Uint8Array.of(0xfb)), 0)).toThrow(expect.objectContaining({ code: 'length' }));
  });
});

describe('what clients send', () => {
  it('reads SSLRequest and HandshakeResponse41 as they were written', () => {
    const start = { capabilities, mariadbCapabilities: int4, maxPacketSize: int4, collation: int1 };
    const attributes = fc.array(fc.record({ name: word, value: word }), { maxLength: 3 });
    const response = fc.record({
      kind: fc.constant('HandshakeResponse41' as const),
      ...start,
      user: word,
      authResponse: fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
      database: word,
      authPlugin: word,
      attributes,
      zstdLevel: int1,
    });
    fc.assert(
      fc.property(response, (given) => {
        const has = (flag: number): boolean => hasCapability(given.capabilities, flag);
        const value = {
          ...given,
          mariadbCapabilities: has(C.CLIENT_LONG_PASSWORD) ? 0 : given.mariadbCapabilities,
          database: has(C.CLIENT_CONNECT_WITH_DB) ? given.database : undefined,
          authPlugin: has(C.CLIENT_PLUGIN_AUTH) ? given.authPlugin : undefined,
          attributes: has(C.CLIENT_CONNECT_ATTRS) ? given.attributes : [],
          zstdLevel: has(C.CLIENT_ZSTD_COMPRESSION_ALGORITHM) ? given.zstdLevel : undefined,
        };
        sameAgain(
          value,
          (writer) => writeHandshakeResponse41(writer, value),
          (bytes) => readClientStart(new PayloadReader(bytes)),
        );
      }),
    );
    const request = {
      kind: 'SSLRequest' as const,
      capabilities: C.CLIENT_SSL | C.CLIENT_PROTOCOL_41,
      mariadbCapabilities: 28,
      maxPacketSize: 1,
      collation: 45,
    };
    sameAgain(
      request,
      (writer) => writeSslRequest(writer, request),
      (bytes) => readClientStart(new PayloadReader(bytes)),
    );
  });

  it('refuses the protocol of before MySQL 4.1', () => {
    const bytes = payload((writer) => writer.int2(0x0005).zeros(3).nulText('someone'));
    expect(() => readClientStart(new PayloadReader(bytes))).toThrow(expect.objectContaining({ code: 'unexpected-message' }));
  });

  const values = fc.array(
    fc.record({
      type: fc.constantFrom(...Object.values(FIELD_TYPE)),
      isUnsigned: fc.boolean(),
      name: word,
      value: fc.option(fc.uint8Array({ minLength: 8, maxLength: 12 })),
    }),
    { maxLength: 20 },
  );
  function valid(given: readonly { type: number; isUnsigned: boolean; name: string; value: Uint8Array | null }[]): BoundValue[] {
    const known = given.filter(({ type }) => binaryForm(type) !== undefined);
    return known.map((value) => {
      const form = binaryForm(value.type);
      if (UNSURE.has(value.type)) return { ...value, value: null };
      return { ...value, value: typeof form === 'number' ? (value.value?.slice(0, form) ?? null) : value.value };
    });
  }

  it('reads every command as it was written', () => {
    const text = data;
    const command = fc.oneof(
      fc.constantFrom(...(['COM_QUIT', 'COM_STATISTICS', 'COM_PING', 'COM_RESET_CONNECTION'] as const)).map((kind) => ({ kind })),
      fc.record({ kind: fc.constant('COM_INIT_DB' as const), schema: data }),
      fc.record({ kind: fc.constant('COM_QUERY' as const), attributes: values.map(valid), text }),
      fc.record({
        kind: fc.constant('COM_FIELD_LIST' as const),
        table: data.map((bytes) => bytes.filter((byte) => byte > 0)),
        wildcard: data,
      }),
      fc.record({ kind: fc.constant('COM_PROCESS_KILL' as const), connectionId: int4 }),
      fc.record({ kind: fc.constant('COM_STMT_PREPARE' as const), text }),
      fc.record({ kind: fc.constant('COM_STMT_SEND_LONG_DATA' as const), statementId: int4, parameter: int2, data }),
      fc.record({ kind: fc.constantFrom('COM_STMT_CLOSE' as const, 'COM_STMT_RESET' as const), statementId: int4 }),
      fc.record({ kind: fc.constant('COM_SET_OPTION' as const), option: int2 }),
      fc.record({ kind: fc.constant('COM_STMT_FETCH' as const), statementId: int4, rows: int4 }),
      fc.record({
        kind: fc.constant('COM_CHANGE_USER' as const),
        user: word,
        authResponse: nonce,
        database: word,
        collation: int2,
        authPlugin: word,
        attributes: fc.array(fc.record({ name: word, value: word }), { maxLength: 3 }),
      }),
    );
    fc.assert(
      fc.property(command, capabilities, (given, agreed) => {
        const has = (flag: number): boolean => hasCapability(agreed, flag);
        let value: Exclude<ClientCommand, { kind: 'COM_STMT_EXECUTE' | 'other' }> = given;
        if (given.kind === 'COM_QUERY' && !has(C.CLIENT_QUERY_ATTRIBUTES)) value = { ...given, attributes: [] };
        if (given.kind === 'COM_CHANGE_USER')
          value = {
            ...given,
            authPlugin: has(C.CLIENT_PLUGIN_AUTH) ? given.authPlugin : undefined,
            attributes: has(C.CLIENT_CONNECT_ATTRS) ? given.attributes : undefined,
          };
        sameAgain(
          value as ClientCommand,
          (writer) => writeCommand(writer, value, agreed),
          (bytes) => decodeCommand(bytes, 0, bytes.length, agreed),
        );
      }),
    );
  });

  it('reads the values of COM_STMT_EXECUTE as they were written, attributes behind parameters', () => {
    fc.assert(
      fc.property(values.map(valid), fc.boolean(), fc.boolean(), fc.nat(20), (given, named, counted, most) => {
        const parameters = named && counted ? Math.min(most, given.length) : given.length;
        const header = {
          kind: 'COM_STMT_EXECUTE' as const,
          statementId: 7,
          flags: counted ? CURSOR_TYPE.PARAMETER_COUNT_AVAILABLE : 0,
          iterations: 1,
        };
        const agreed = named ? C.CLIENT_QUERY_ATTRIBUTES : 0;
        const want = named ? given : given.map((value) => ({ ...value, name: '' }));
        const bytes = payload((writer) => writeExecute(writer, header, want, { capabilities: agreed, parameters }));
        expect(decodeCommand(bytes, 0, bytes.length, agreed)).toEqual(header);
        const context = { capabilities: agreed, parameters, types: undefined, longData: undefined };
        expect(readExecuteValues(bytes, 0, bytes.length, header, context)).toEqual(want);
      }),
    );
  });

  it('reads values of types that were declared before, and of parameters that were sent before', () => {
    const header = { statementId: 1, flags: 0, iterations: 1 };
    const types = [
      { type: FIELD_TYPE.MYSQL_TYPE_LONG, isUnsigned: true, name: '' },
      { type: FIELD_TYPE.MYSQL_TYPE_BLOB, isUnsigned: false, name: '' },
      { type: FIELD_TYPE.MYSQL_TYPE_DATE, isUnsigned: false, name: '' },
    ];
    const bytes = payload((writer) => writer.int1(COMMAND.COM_STMT_EXECUTE).int4(1).int1(0).int4(1).int1(0b100).int1(0).int4(5));
    const context = { capabilities: 0, parameters: 3, types, longData: new Set([1]) };
    expect(readExecuteValues(bytes, 0, bytes.length, header, context).map(({ value }) => value)).toEqual([
      Uint8Array.of(5, 0, 0, 0),
      'long-data',
      null,
    ]);
    expect(() => readExecuteValues(bytes, 0, bytes.length, header, { ...context, types: undefined })).toThrow('without types');
  });

  it.each([...UNSURE])(
    'reads no value of type %i, which servers and the documentation end elsewhere: the text behind it would be another',
    (type) => {
      const agreed = C.CLIENT_QUERY_ATTRIBUTES;
      const query = (nulls: number, length: number): Uint8Array =>
        payload((writer) => {
          writer.int1(COMMAND.COM_QUERY).int1(1).int1(1).int1(nulls).int1(1).int2(type).lenencText('a').zeros(length).text('select 1');
        });
      const value = query(0, binaryForm(type) as number);
      expect(() => decodeCommand(value, 0, value.length, agreed)).toThrow(expect.objectContaining({ code: 'invalid-value' }));
      const none = query(1, 0);
      expect(decodeCommand(none, 0, none.length, agreed)).toMatchObject({ attributes: [{ value: null }] });
    },
  );

  it('refuses fewer values than a statement has parameters', () => {
    const header = { statementId: 1, flags: 0, iterations: 1 };
    const bytes = payload((writer) => writeExecute(writer, header, [], { capabilities: C.CLIENT_QUERY_ATTRIBUTES, parameters: 2 }));
    const context = { capabilities: C.CLIENT_QUERY_ATTRIBUTES, parameters: 2, types: undefined, longData: undefined };
    expect(() => readExecuteValues(bytes, 0, bytes.length, header, context)).toThrow(expect.objectContaining({ code: 'invalid-value' }));
  });

  it('names every command that it does not decode', () => {
    expect(decodeCommand(Uint8Array.of(COMMAND.COM_BINLOG_DUMP, 1, 2), 0, 3, 0)).toMatchObject({ kind: 'other', name: 'COM_BINLOG_DUMP' });
    expect(decodeCommand(Uint8Array.of(0xfa), 0, 1, 0)).toMatchObject({ name: 'COM_STMT_BULK_EXECUTE' });
    expect(commandName(0x77)).toBe('command 0x77');
  });
});

describe('rows', () => {
  it('finds the cells of a text row', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.uint8Array({ maxLength: 400 })), { maxLength: 12 }), (cells) => {
        const bytes = payload((writer) => cells.forEach((cell) => writer.nullableBytes(cell)));
        const row = new RowCells();
        row.readText(bytes, 0, bytes.length, cells.length);
        expect(cells.map((_cell, i) => (row.isNull(i) ? null : bytes.slice(row.at[i], row.end[i])))).toEqual(cells);
        expect(() => row.readText(bytes, 0, bytes.length, cells.length + 1)).toThrow(expect.objectContaining({ code: 'truncated' }));
        if (cells.length > 0)
          expect(() => row.readText(bytes, 0, bytes.length, cells.length - 1)).toThrow(expect.objectContaining({ code: 'trailing-bytes' }));
      }),
    );
  });

  it('finds the cells of a binary row', () => {
    const bytes = Uint8Array.from([0, 0b0001_0000, 9, 1, 0, 0, 0, 4, 0xe8, 7, 2, 3, 2, 0x61, 0x62]);
    const types = [FIELD_TYPE.MYSQL_TYPE_TINY, FIELD_TYPE.MYSQL_TYPE_LONG, FIELD_TYPE.MYSQL_TYPE_BLOB, FIELD_TYPE.MYSQL_TYPE_DATE];
    const columns = columnTypes([...types, FIELD_TYPE.MYSQL_TYPE_VAR_STRING].map((type) => ({ type })));
    const row = new RowCells();
    row.readBinary(bytes, 0, bytes.length, columns);
    expect(Array.from(row.at.subarray(0, 5))).toEqual([2, 3, -1, 8, 13]);
    expect(Array.from(row.end.subarray(0, 5))).toEqual([3, 7, 7, 12, 15]);
    expect(row.from[3]).toBe(7);
    expect(() => row.readBinary(bytes, 0, bytes.length - 1, columns)).toThrow(expect.objectContaining({ code: 'truncated' }));
    expect(() => row.readBinary(bytes, 0, bytes.length, columns.slice(0, 4))).toThrow(expect.objectContaining({ code: 'trailing-bytes' }));
  });

  it('refuses binary rows of types that have no form on the wire', () => {
    expect(() => new RowCells().readBinary(Uint8Array.of(0, 0, 1), 0, 3, Uint8Array.of(0x20))).toThrow(
      expect.objectContaining({ code: 'invalid-value' }),
    );
  });
});

describe('bytes that nobody should send', () => {
  it('are refused where a message goes on after its last field', () => {
    const agreed = 0;
    const longer: readonly (() => unknown)[] = [
      () => readOk(new PayloadReader(Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 0, 9)), agreed),
      () => readEof(new PayloadReader(Uint8Array.of(0xfe, 0, 0, 2, 0, 9))),
      () => readResultSetHeader(new PayloadReader(Uint8Array.of(1, 9)), agreed),
      () => decodeCommand(Uint8Array.of(COMMAND.COM_PING, 9), 0, 2, agreed),
      () => decodeCommand(Uint8Array.of(COMMAND.COM_QUIT, 9), 0, 2, agreed),
    ];
    for (const read of longer) expect(read).toThrow(expect.objectContaining({ code: 'trailing-bytes' }));
  });

  it.each([0x11, 0x20, 0x0e, 0x0103])('are refused where a parameter has the type 0x%x', (type) => {
    const header = { statementId: 1, flags: 0, iterations: 1 };
    const bytes = payload((writer) => writer.int1(COMMAND.COM_STMT_EXECUTE).int4(1).int1(0).int4(1).int1(0).int1(1).int2(type).int4(5));
    const context = { capabilities: 0, parameters: 1, types: undefined, longData: undefined };
    expect(() => readExecuteValues(bytes, 0, bytes.length, header, context)).toThrow(expect.objectContaining({ code: 'invalid-value' }));
  });

  it.each([
    ['none', Uint8Array.of(0)],
    ['more than there can be', Uint8Array.of(0xfd, 0, 0, 1)],
  ])('are refused where a result set has columns: %s', (_name, bytes) => {
    expect(() => readResultSetHeader(new PayloadReader(bytes), 0)).toThrow(expect.objectContaining({ code: 'length' }));
  });

  const readers: Record<string, (bytes: Uint8Array, agreed: number) => unknown> = {
    handshake: (bytes) => readHandshakeV10(new PayloadReader(bytes)),
    'client start': (bytes) => readClientStart(new PayloadReader(bytes)),
    authentication: (bytes) => readAuthenticationPacket(new PayloadReader(bytes)),
    ok: (bytes, agreed) => readOk(new PayloadReader(bytes), agreed),
    eof: (bytes) => readEof(new PayloadReader(bytes)),
    err: (bytes) => readErr(new PayloadReader(bytes)),
    command: (bytes, agreed) => decodeCommand(bytes, 0, bytes.length, agreed),
    execute: (bytes, agreed) =>
      readExecuteValues(
        bytes,
        0,
        bytes.length,
        { statementId: 1, flags: 8, iterations: 1 },
        { capabilities: agreed, parameters: 1, types: undefined, longData: undefined },
      ),
    column: (bytes) => readColumnDefinition(new PayloadReader(bytes), true),
    result: (bytes, agreed) => readResultSetHeader(new PayloadReader(bytes), agreed),
    prepared: (bytes, agreed) => readStmtPrepareOk(new PayloadReader(bytes), agreed),
    'text row': (bytes) => new RowCells().readText(bytes, 0, bytes.length, 3),
    'binary row': (bytes) => new RowCells().readBinary(bytes, 0, bytes.length, Uint8Array.of(3, 12, 0xfd)),
  };

  it.each(Object.keys(readers))('end in a message or a protocol error: %s', (name) => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(fc.constantFrom(0, 1, 2, 8, 10, 0xfb, 0xfc, 0xfd, 0xfe, 0xff), { maxLength: 60 }).map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(bytes, int4, (given, agreed) => {
        try {
          readers[name]?.(given, agreed);
        } catch (error) {
          expect(error).toHaveProperty('name', 'ProtocolError');
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('names and numbers', () => {
  it('tells capabilities apart up to the highest bit', () => {
    const all = 0xffff_ffff;
    expect(hasCapability(all, C.CLIENT_REMEMBER_OPTIONS)).toBe(true);
    expect(withoutCapability(all, C.CLIENT_REMEMBER_OPTIONS)).toBe(0x7fff_ffff);
    expect(hasCapability(C.CLIENT_SSL, C.CLIENT_SSL | C.CLIENT_PROTOCOL_41)).toBe(false);
    expect(capabilityNames(C.CLIENT_SSL | C.CLIENT_REMEMBER_OPTIONS)).toEqual(['CLIENT_SSL', 'CLIENT_REMEMBER_OPTIONS']);
  });

  it.each([
    [8, 'latin1', 1],
    [45, 'utf8mb4', 4],
    [63, 'binary', 1],
    [255, 'utf8mb4', 4],
    [28, 'gbk', 2],
    [2304, 'utf8mb4', 4],
  ])('knows the character set of collation %i', (id, name, maxBytes) => {
    expect(characterSetOf(id)).toEqual({ name, maxBytes });
  });

  it('knows nothing of ids that no server has', () => expect(characterSetOf(0)).toBeUndefined());
});
