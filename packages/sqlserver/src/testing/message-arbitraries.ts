import fc from 'fast-check';
import type { AllHeaders } from '../protocol/all-headers.js';
import type { Collation } from '../protocol/collation.js';
import type { Login7 } from '../protocol/login7.js';
import type { RpcCall, RpcParameter, RpcRequest } from '../protocol/rpc-request.js';
import { type Column, COLUMN_FLAG, type EnvChangeValue, type ServerToken } from '../protocol/server-token.js';
import type { TableValue } from '../protocol/table-value.js';
import { type VersionLayout, versionNumber } from '../protocol/tds-version.js';
import type { TransactionRequest } from '../protocol/transaction-manager-request.js';
import { CELL_SAMPLES, type CellSample } from './cell-samples.js';

/** Any UTF-16, lone surrogates among it. */
const text = (max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: Math.floor(max / 16) }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: max }).map((units) => String.fromCharCode(...units)),
  );
const int = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const signed = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const collation: fc.Arbitrary<Collation> = fc.record({ lcid: int(0xf_ffff), flags: int(0xff), version: int(15), sortId: int(255) });

function samples(layout: VersionLayout): fc.Arbitrary<CellSample> {
  const all = Object.values(CELL_SAMPLES).flat();
  const late = new Set(['DATEN', 'TIMEN', 'DATETIME2N', 'DATETIMEOFFSETN']);
  return fc.constantFrom(
    ...all.filter(({ type }) => (layout.dateTypes || !late.has(type.name)) && (layout.isYukon || type.form !== 'plp')),
  );
}

function column(layout: VersionLayout, hasTableName: boolean): fc.Arbitrary<Column> {
  const head = {
    userType: int(layout.isYukon ? 0xffff_ffff : 0xffff),
    flags: int(0xffff).map((flags) => flags & ~COLUMN_FLAG.ENCRYPTED),
    name: text(40),
  };
  return fc
    .tuple(fc.record(head), samples(layout), fc.array(text(20), { minLength: 1, maxLength: layout.isYukon ? 4 : 1 }))
    .map(([rest, { type }, tableName]) => ({
      ...rest,
      type,
      ...(type.form === 'text-pointer' && hasTableName ? { tableName } : {}),
    }));
}

const envChange: fc.Arbitrary<EnvChangeValue> = fc.oneof(
  fc.record({ type: fc.constantFrom(1 as const, 2, 3, 4, 5, 6, 13, 19), newText: text(60), oldText: text(60) }),
  fc.record({ type: fc.constantFrom(8 as const, 9, 10, 11, 12, 16, 17, 18, 15), newBytes: bytes(40), oldBytes: bytes(40) }),
  fc.record({
    type: fc.constant(7 as const),
    newCollation: fc.option(collation, { nil: undefined }),
    oldCollation: fc.option(collation, { nil: undefined }),
  }),
  fc.record({
    type: fc.constant(20 as const),
    routing: fc.record({ protocol: int(1), port: int(0xffff), server: text(60) }),
    oldBytes: bytes(4),
  }),
);

/** Every kind of token but rows. */
export function serverToken(layout: VersionLayout): fc.Arbitrary<ServerToken> {
  const columns = fc.array(column(layout, true), { maxLength: 5 });
  const id = int(0xfe);
  const kinds: { readonly [K in ServerToken['kind']]: fc.Arbitrary<Extract<ServerToken, { kind: K }>> } = {
    COLMETADATA: fc.record({ kind: fc.constant('COLMETADATA'), columns: fc.option(columns, { nil: undefined }) }),
    ALTMETADATA: fc.record({
      kind: fc.constant('ALTMETADATA'),
      id: int(0xffff),
      by: fc.array(int(0xffff), { maxLength: 3 }),
      columns: fc.array(
        fc.tuple(column(layout, true), int(255), int(0xffff)).map(([rest, operation, operand]) => ({ operation, operand, ...rest })),
        { maxLength: 3 },
      ),
    }),
    TABNAME: fc.record({ kind: fc.constant('TABNAME'), tables: fc.array(fc.array(text(20), { maxLength: 4 }), { maxLength: 3 }) }),
    COLINFO: fc.record({
      kind: fc.constant('COLINFO'),
      columns: fc.array(
        fc.tuple(int(255), int(255), int(255), text(20)).map(([one, table, status, name]) => ({
          column: one,
          table,
          status,
          ...((status & 0x20) === 0 ? {} : { name }),
        })),
        { maxLength: 5 },
      ),
    }),
    ORDER: fc.record({ kind: fc.constant('ORDER'), columns: fc.array(int(0xffff), { maxLength: 9 }) }),
    ERROR: message('ERROR', layout),
    INFO: message('INFO', layout),
    RETURNSTATUS: fc.record({ kind: fc.constant('RETURNSTATUS'), value: signed }),
    RETURNVALUE: fc
      .tuple(int(0xffff), text(40), fc.constantFrom(1, 2), column(layout, false))
      .map(([ordinal, name, status, { userType, flags, type }]) => ({
        kind: 'RETURNVALUE',
        ordinal,
        name,
        status,
        userType,
        flags,
        type,
      })),
    DONE: done('DONE', layout),
    DONEPROC: done('DONEPROC', layout),
    DONEINPROC: done('DONEINPROC', layout),
    ENVCHANGE: envChange.map((change) => ({ kind: 'ENVCHANGE', ...change })),
    LOGINACK: fc.record({
      kind: fc.constant('LOGINACK'),
      interface: int(255),
      tdsVersion: int(0xffff_ffff),
      programName: text(60),
      programVersion: fc.record({ major: int(255), minor: int(255), build: int(0xffff) }),
    }),
    FEATUREEXTACK: fc.record({
      kind: fc.constant('FEATUREEXTACK'),
      features: fc.array(fc.record({ id, data: bytes(40) }), { maxLength: 4 }),
    }),
    FEDAUTHINFO: fc.record({
      kind: fc.constant('FEDAUTHINFO'),
      stsUrl: fc.option(text(60), { nil: undefined }),
      spn: fc.option(text(60), { nil: undefined }),
      others: fc.array(fc.record({ id: fc.integer({ min: 3, max: 255 }), data: bytes(20) }), { maxLength: 2 }),
    }),
    SESSIONSTATE: fc.record({
      kind: fc.constant('SESSIONSTATE'),
      sequence: int(0xffff_ffff),
      status: int(1),
      states: fc.array(fc.record({ id, value: fc.oneof(bytes(20), fc.uint8Array({ minLength: 250, maxLength: 400 })) }), { maxLength: 3 }),
    }),
    SSPI: fc.record({ kind: fc.constant('SSPI'), data: bytes(60) }),
    OFFSET: fc.record({ kind: fc.constant('OFFSET'), identifier: int(0xffff), offset: int(0xffff) }),
  };
  return fc.oneof(...Object.values(kinds));
}

function message<K extends 'ERROR' | 'INFO'>(kind: K, layout: VersionLayout): fc.Arbitrary<Extract<ServerToken, { kind: K }>> {
  const rest = { number: signed, state: int(255), class: int(255), message: text(300), serverName: text(60), procedureName: text(60) };
  return fc.record({ kind: fc.constant(kind), ...rest, line: layout.isYukon ? signed : int(0xffff) }) as fc.Arbitrary<
    Extract<ServerToken, { kind: K }>
  >;
}

function done<K extends 'DONE' | 'DONEPROC' | 'DONEINPROC'>(
  kind: K,
  layout: VersionLayout,
): fc.Arbitrary<Extract<ServerToken, { kind: K }>> {
  const rowCount = fc.bigInt({ min: 0n, max: layout.longRowCount ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn });
  return fc.record({ kind: fc.constant(kind), status: int(0xffff), currentCommand: int(0xffff), rowCount }) as fc.Arbitrary<
    Extract<ServerToken, { kind: K }>
  >;
}

export const allHeaders: fc.Arbitrary<AllHeaders> = fc.subarray<AllHeaders[number]>([
  { kind: 'query-notifications', data: Uint8Array.of(1, 2, 3) },
  { kind: 'transaction-descriptor', descriptor: 0xfedc_ba98_7654_3210n, outstandingRequests: 1 },
  { kind: 'trace-activity', data: new Uint8Array(20) },
]);

export const transactionRequest: fc.Arbitrary<TransactionRequest> = fc.oneof(
  fc.record({ kind: fc.constantFrom('TM_GET_DTC_ADDRESS' as const, 'TM_PROPAGATE_XACT' as const), data: bytes(60) }),
  fc.record({ kind: fc.constant('TM_BEGIN_XACT' as const), isolationLevel: int(5), name: text(32) }),
  fc.constant({ kind: 'TM_PROMOTE_XACT' as const }),
  fc
    .tuple(
      fc.constantFrom('TM_COMMIT_XACT' as const, 'TM_ROLLBACK_XACT' as const),
      text(32),
      fc.option(fc.record({ isolationLevel: int(5), name: text(32) }), { nil: undefined }),
    )
    .map(([kind, name, next]) => ({ kind, name, next, flags: next === undefined ? 0 : 1 })),
  fc.record({ kind: fc.constant('TM_SAVE_XACT' as const), name: text(32) }),
);

function tableValue(layout: VersionLayout): fc.Arbitrary<TableValue> {
  const typeName = fc.record({ database: text(20), schema: text(20), type: text(20) });
  const sample = samples(layout).filter(({ type }) => type.form !== 'text-pointer' && type.udt === undefined);
  const metadata = fc.subarray<TableValue['metadata'][number]>([
    { kind: 'TVP_ORDER_UNIQUE', columns: [{ column: 1, flags: 3 }] },
    { kind: 'TVP_COLUMN_ORDERING', columns: [2, 1] },
  ]);
  const filled = fc
    .tuple(typeName, fc.array(sample, { minLength: 1, maxLength: 4 }), int(3), metadata)
    .map(([name, chosen, count, rest]) => ({
      typeName: name,
      columns: chosen.map(({ type }, i) => ({ userType: 0, flags: 1, type, name: `c${i}` })),
      metadata: rest,
      rows: Array.from({ length: count }, (_, row) => chosen.map(({ values }) => values[row % values.length] ?? { bytes: null })),
    }));
  const none = typeName.map((name) => ({ typeName: name, columns: undefined, metadata: [], rows: [] }));
  return fc.oneof(filled, none);
}

function parameter(layout: VersionLayout): fc.Arbitrary<RpcParameter> {
  const head = { name: text(40), status: fc.constantFrom(0, 1, 2, 3) };
  const value = fc.tuple(fc.record(head), samples(layout), int(9)).map(([rest, { type, values }, i]): RpcParameter => {
    const { textPointer: _, ...chosen } = values[i % values.length] ?? { bytes: null };
    const { udt } = type;
    const named = udt === undefined ? type : { ...type, udt: { database: udt.database, schema: udt.schema, type: udt.type } };
    return { ...rest, kind: 'value', type: named, value: chosen };
  });
  if (!layout.dateTypes) return value;
  return fc.oneof(
    { weight: 4, arbitrary: value },
    fc.tuple(fc.record(head), tableValue(layout)).map(([rest, table]): RpcParameter => ({ ...rest, kind: 'table', table })),
  );
}

export function rpcRequest(layout: VersionLayout): fc.Arbitrary<RpcRequest> {
  const procedure = fc.oneof(fc.record({ id: int(0xffff) }), fc.record({ name: text(60).filter((name) => name !== '') }));
  const separator = layout.isYukon ? fc.constantFrom('batch' as const, 'no-exec' as const) : fc.constant('batch' as const);
  const call = fc.record({ procedure, options: int(7), parameters: fc.array(parameter(layout), { maxLength: 4 }), separator });
  return fc.record({
    headers: layout.allHeaders ? allHeaders : fc.constant(undefined),
    calls: fc
      .array(call, { minLength: 1, maxLength: 3 })
      .map((calls) => calls.map((one, i): RpcCall => ({ ...one, separator: i === calls.length - 1 ? undefined : one.separator }))),
  });
}

export function login7(layout: VersionLayout): fc.Arbitrary<Login7> {
  const name = text(60);
  const features = fc.uniqueArray(fc.record({ id: int(0xfe), data: bytes(40) }), { maxLength: 3, selector: ({ id }) => id });
  return fc
    .record({
      packetSize: int(0xffff_ffff),
      clientProgramVersion: int(0xffff_ffff),
      clientProcessId: int(0xffff_ffff),
      connectionId: int(0xffff_ffff),
      optionFlags1: int(255),
      optionFlags2: int(255),
      typeFlags: int(255),
      optionFlags3: int(255).map((flags) => flags & ~0x10),
      clientTimeZone: signed,
      clientLcid: int(0xffff_ffff),
      hostName: name,
      userName: name,
      password: name,
      applicationName: name,
      serverName: name,
      libraryName: name,
      language: name,
      database: name,
      clientId: fc.uint8Array({ minLength: 6, maxLength: 6 }),
      sspi: bytes(60),
      attachDatabaseFile: name,
      newPassword: layout.isYukon ? name : fc.constant(undefined),
      features: layout.features ? fc.option(features, { nil: undefined }) : fc.constant(undefined),
    })
    .map(({ features: chosen, ...login }) => ({
      ...login,
      tdsVersion: versionNumber(layout.version),
      optionFlags3: chosen === undefined ? login.optionFlags3 : login.optionFlags3 | 0x10,
      features: chosen,
      ...(chosen === undefined ? { emptyExtensionAt: 0 } : {}),
    }));
}
