import { type Feature, readFeatures, writeFeatures } from './login-features.js';
import { decodeUtf16, PayloadReader } from './payload-reader.js';
import { encodeUtf16, PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';

/** A LOGIN7 message ([MS-TDS] 2.2.6.4). `password` and `newPassword` are in clear: never log it. Byte fields are views. */
export interface Login7 {
  /** By `versionOf`. */
  readonly tdsVersion: number;
  /** 0: the server's default. */
  readonly packetSize: number;
  readonly clientProgramVersion: number;
  readonly clientProcessId: number;
  readonly connectionId: number;
  /** fByteOrder, fChar, fFloat, fDumpLoad, fUseDB, fDatabase, fSetLang: {@link LOGIN_FLAG}. */
  readonly optionFlags1: number;
  /** fLanguage, fODBC, fTransBoundary, fCacheConnect, fUserType, fIntSecurity: {@link LOGIN_FLAG}. */
  readonly optionFlags2: number;
  /** fSQLType, fOLEDB, fReadOnlyIntent: {@link LOGIN_FLAG}. */
  readonly typeFlags: number;
  /** fChangePassword, fSendYukonBinaryXML, fUserInstance, fUnknownCollationHandling, fExtension: {@link LOGIN_FLAG}. */
  readonly optionFlags3: number;
  /** Minutes; signed. */
  readonly clientTimeZone: number;
  readonly clientLcid: number;
  readonly hostName: string;
  readonly userName: string;
  readonly password: string;
  readonly applicationName: string;
  readonly serverName: string;
  /** CltIntName: the library. */
  readonly libraryName: string;
  readonly language: string;
  readonly database: string;
  /** 6 bytes. */
  readonly clientId: Uint8Array;
  readonly sspi: Uint8Array;
  readonly attachDatabaseFile: string;
  /** None before TDS 7.2: but some clients have it there, too. */
  readonly newPassword: string | undefined;
  /** FeatureExt; `undefined` without it. */
  readonly features: readonly Feature[] | undefined;
  /** Without features: what the offset of the extension is all the same. Where it is not given, that of the field behind it. */
  readonly emptyExtensionAt?: number;
}

/** Flags of OptionFlags1, OptionFlags2, TypeFlags and OptionFlags3, in this order. */
export const LOGIN_FLAG = {
  BYTE_ORDER: 0x01,
  CHAR_EBCDIC: 0x02,
  FLOAT: 0x0c,
  DUMP_LOAD_OFF: 0x10,
  USE_DB: 0x20,
  DATABASE_FATAL: 0x40,
  SET_LANG: 0x80,

  LANGUAGE_FATAL: 0x01,
  ODBC: 0x02,
  USER_TYPE: 0x70,
  INTEGRATED_SECURITY: 0x80,

  SQL_TYPE: 0x0f,
  OLEDB: 0x10,
  READ_ONLY_INTENT: 0x20,

  CHANGE_PASSWORD: 0x01,
  USER_INSTANCE: 0x02,
  SEND_YUKON_BINARY_XML: 0x04,
  UNKNOWN_COLLATION_HANDLING: 0x08,
  EXTENSION: 0x10,
} as const;

const CLIENT_ID = 6;
/** The part of fixed length: before TDS 7.2, and from then on with the new password and cbSSPILong. */
const SHILOH_HEAD = 86;
const YUKON_HEAD = 94;
const YUKON = 0x7200_0000;
const LONG_SSPI = 0xffff;
const XOR = 0xa5;
const STRICT = 0x0800_0000;

interface Part {
  readonly offset: number;
  readonly length: number;
}

function hasNewPassword(tdsVersion: number): boolean {
  return tdsVersion >= YUKON || tdsVersion === STRICT;
}

/** Decodes the payload. Throws a {@link ProtocolError}. */
export function readLogin7(payload: Uint8Array): Login7 {
  const reader = new PayloadReader(payload);
  if (reader.int4() !== payload.length) throw new ProtocolError('length', 'LOGIN7 is not as long as it says');
  const numbers = readNumbers(reader);
  const headBytes = headBytesOf(payload, reader.at, numbers.tdsVersion);
  const isLong = headBytes === YUKON_HEAD;
  const text = (): string => decodeUtf16(partOf(payload, readPart(reader, 2), headBytes));
  const password = (): string => decodeUtf16(unscrambled(partOf(payload, readPart(reader, 2), headBytes)));
  const head = { hostName: text(), userName: text(), password: password(), applicationName: text(), serverName: text() };
  const extension = readPart(reader, 1);
  const names = { libraryName: text(), language: text(), database: text() };
  const clientId = reader.bytes(CLIENT_ID);
  const sspi = readPart(reader, 1);
  const attachDatabaseFile = text();
  const newPassword = isLong ? password() : undefined;
  const sspiLong = isLong ? reader.int4() : 0;
  const sspiPart = sspi.length === LONG_SSPI && sspiLong > 0 ? { ...sspi, length: sspiLong } : sspi;
  // Drivers set the flag without features, too.
  const hasFeatures = (numbers.optionFlags3 & LOGIN_FLAG.EXTENSION) !== 0 && extension.length > 0;
  return {
    ...numbers,
    ...head,
    ...names,
    clientId,
    sspi: partOf(payload, sspiPart, headBytes),
    attachDatabaseFile,
    newPassword,
    features: hasFeatures ? featuresAt(payload, partOf(payload, extension, headBytes)) : undefined,
    ...(hasFeatures ? {} : { emptyExtensionAt: extension.offset }),
  };
}

/** Clients that speak TDS 7.1 may have the longer table all the same: then its fields begin behind it. */
function headBytesOf(payload: Uint8Array, tableAt: number, tdsVersion: number): number {
  if (hasNewPassword(tdsVersion)) return YUKON_HEAD;
  return new PayloadReader(payload, tableAt).int2() >= YUKON_HEAD ? YUKON_HEAD : SHILOH_HEAD;
}

function readNumbers(reader: PayloadReader): Pick<Login7, NumberField> {
  return {
    tdsVersion: reader.int4(),
    packetSize: reader.int4(),
    clientProgramVersion: reader.int4(),
    clientProcessId: reader.int4(),
    connectionId: reader.int4(),
    optionFlags1: reader.int1(),
    optionFlags2: reader.int1(),
    typeFlags: reader.int1(),
    optionFlags3: reader.int1(),
    clientTimeZone: reader.signed4(),
    clientLcid: reader.int4(),
  };
}

type NumberField =
  | 'tdsVersion'
  | 'packetSize'
  | 'clientProgramVersion'
  | 'clientProcessId'
  | 'connectionId'
  | 'optionFlags1'
  | 'optionFlags2'
  | 'typeFlags'
  | 'optionFlags3'
  | 'clientTimeZone'
  | 'clientLcid';

/** An offset from the beginning of the message, and a length in units of `unit` bytes. */
function readPart(reader: PayloadReader, unit: 1 | 2): Part {
  return { offset: reader.int2(), length: reader.int2() * unit };
}

function partOf(payload: Uint8Array, { offset, length }: Part, headBytes: number): Uint8Array {
  if (length === 0) return payload.subarray(0, 0);
  if (offset < headBytes) throw new ProtocolError('length', 'a field of LOGIN7 lies over others');
  if (offset + length > payload.length) throw new ProtocolError('truncated', 'a field of LOGIN7 reaches beyond its end');
  return payload.subarray(offset, offset + length);
}

function featuresAt(payload: Uint8Array, pointer: Uint8Array): readonly Feature[] {
  const offset = new PayloadReader(pointer).int4();
  if (offset < YUKON_HEAD || offset > payload.length) throw new ProtocolError('length', 'the features of LOGIN7 lie outside of it');
  return readFeatures(new PayloadReader(payload, offset));
}

/** Passwords have the halves of their bytes swapped and are XORed with 0xA5, which keeps nothing secret. */
function unscrambled(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => {
    const plain = byte ^ XOR;
    return ((plain << 4) | (plain >>> 4)) & 0xff;
  });
}

function scrambled(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (((byte << 4) | (byte >>> 4)) & 0xff) ^ XOR);
}

/** Writes the payload. Fields follow one another in the order of their offsets, features last. */
export function encodeLogin7(login: Login7): Uint8Array {
  const { newPassword, emptyExtensionAt } = login;
  const head = newPassword === undefined && !hasNewPassword(login.tdsVersion) ? SHILOH_HEAD : YUKON_HEAD;
  const data = new PayloadWriter();
  const table = new PayloadWriter();
  const add = (bytes: Uint8Array, unit: 1 | 2, length = bytes.length / unit): void => {
    table.int2(head + data.length).int2(length);
    data.bytes(bytes);
  };
  for (const text of [login.hostName, login.userName]) add(encodeUtf16(text), 2);
  add(scrambled(encodeUtf16(login.password)), 2);
  for (const text of [login.applicationName, login.serverName]) add(encodeUtf16(text), 2);
  const pointerAt = data.length;
  if (login.features === undefined && emptyExtensionAt !== undefined) table.int2(emptyExtensionAt).int2(0);
  else add(new Uint8Array(login.features === undefined ? 0 : 4), 1);
  for (const text of [login.libraryName, login.language, login.database]) add(encodeUtf16(text), 2);
  table.bytes(login.clientId);
  add(login.sspi, 1, Math.min(login.sspi.length, LONG_SSPI));
  add(encodeUtf16(login.attachDatabaseFile), 2);
  if (head === YUKON_HEAD) {
    add(scrambled(encodeUtf16(newPassword ?? '')), 2);
    table.int4(login.sspi.length >= LONG_SSPI ? login.sspi.length : 0);
  }
  const featuresAtEnd = head + data.length;
  if (login.features !== undefined) writeFeatures(data, login.features);
  const fields = data.take();
  if (login.features !== undefined) new DataView(fields.buffer, fields.byteOffset).setUint32(pointerAt, featuresAtEnd, true);
  return whole(login, table.take(), fields);
}

function whole(login: Login7, table: Uint8Array, fields: Uint8Array): Uint8Array {
  const hasExtension = login.features !== undefined;
  const flags3 = hasExtension ? login.optionFlags3 | LOGIN_FLAG.EXTENSION : login.optionFlags3;
  const numbers = new PayloadWriter().int4(login.tdsVersion).int4(login.packetSize).int4(login.clientProgramVersion);
  numbers.int4(login.clientProcessId).int4(login.connectionId).int1(login.optionFlags1).int1(login.optionFlags2).int1(login.typeFlags);
  numbers.int1(flags3).signed4(login.clientTimeZone).int4(login.clientLcid);
  const head = numbers.take();
  const length = 4 + head.length + table.length + fields.length;
  return new PayloadWriter().int4(length).bytes(head).bytes(table).bytes(fields).take();
}
