import { unreachable } from '@sqlwarden/core';
import { type ColumnsOf, readAltMetadata, readColMetadata, writeAltMetadata, writeColMetadata } from './column-metadata.js';
import { readEnvChange, writeEnvChange } from './env-change.js';
import {
  readFeatureExtAck,
  readFedAuthInfo,
  readLoginAck,
  readSessionState,
  writeFeatureExtAck,
  writeFedAuthInfo,
  writeLoginAck,
  writeSessionState,
} from './login-tokens.js';
import { PayloadReader } from './payload-reader.js';
import { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import {
  readColInfo,
  readDone,
  readErrorOrInfo,
  readOrder,
  readReturnValue,
  readTabName,
  writeColInfo,
  writeDone,
  writeErrorOrInfo,
  writeReturnValue,
  writeTabName,
} from './result-tokens.js';
import { type ServerToken, TOKEN } from './server-token.js';
import type { VersionLayout } from './tds-version.js';

/**
 * Decodes one whole token, its type byte included; of a RETURNVALUE the part in front of its value. Throws a {@link ProtocolError}: for rows
 * `unexpected-message`, since their cells depend on the COLMETADATA before.
 */
export function decodeToken(bytes: Uint8Array, start: number, end: number, layout: VersionLayout, of: ColumnsOf = 'server'): ServerToken {
  const reader = new PayloadReader(bytes, start, end);
  const token = readToken(reader, layout, of);
  reader.finish();
  return token;
}

function readToken(reader: PayloadReader, layout: VersionLayout, of: ColumnsOf): ServerToken {
  const type = reader.int1();
  switch (type) {
    case TOKEN.COLMETADATA:
      return readColMetadata(reader, layout, of);
    case TOKEN.ALTMETADATA:
      return readAltMetadata(reader, layout);
    case TOKEN.RETURNVALUE:
      return readReturnValue(reader, layout);
    case TOKEN.FEATUREEXTACK:
      return readFeatureExtAck(reader);
    case TOKEN.DONE:
      return readDone(reader, 'DONE', layout);
    case TOKEN.DONEPROC:
      return readDone(reader, 'DONEPROC', layout);
    case TOKEN.DONEINPROC:
      return readDone(reader, 'DONEINPROC', layout);
    case TOKEN.RETURNSTATUS:
      return { kind: 'RETURNSTATUS', value: reader.signed4() };
    case TOKEN.OFFSET:
      return { kind: 'OFFSET', identifier: reader.int2(), offset: reader.int2() };
    case TOKEN.FEDAUTHINFO:
      return readFedAuthInfo(reader.longBytes());
    case TOKEN.SESSIONSTATE:
      return readSessionState(reader.longBytes());
    default:
      return readSized(type, new PayloadReader(reader.ushortBytes()), layout);
  }
}

/** Tokens with a USHORT of length. */
function readSized(type: number, value: PayloadReader, layout: VersionLayout): ServerToken {
  const token = readSizedValue(type, value, layout);
  value.finish();
  return token;
}

function readSizedValue(type: number, value: PayloadReader, layout: VersionLayout): ServerToken {
  switch (type) {
    case TOKEN.ERROR:
      return readErrorOrInfo(value, 'ERROR', layout);
    case TOKEN.INFO:
      return readErrorOrInfo(value, 'INFO', layout);
    case TOKEN.ENVCHANGE:
      return readEnvChange(value);
    case TOKEN.LOGINACK:
      return readLoginAck(value);
    case TOKEN.TABNAME:
      return readTabName(value);
    case TOKEN.COLINFO:
      return readColInfo(value);
    case TOKEN.ORDER:
      return readOrder(value);
    case TOKEN.SSPI:
      return { kind: 'SSPI', data: value.rest() };
    default:
      throw new ProtocolError('unexpected-message', 'a row or an unknown token is not decoded by itself');
  }
}

/** Writes one token with its type byte; of a RETURNVALUE the part in front of its value. */
export function encodeToken(writer: PayloadWriter, token: ServerToken, layout: VersionLayout, of: ColumnsOf = 'server'): void {
  writer.int1(TOKEN[token.kind]);
  switch (token.kind) {
    case 'COLMETADATA':
      return writeColMetadata(writer, token, layout, of);
    case 'ALTMETADATA':
      return writeAltMetadata(writer, token, layout);
    case 'RETURNVALUE':
      return writeReturnValue(writer, token, layout);
    case 'FEATUREEXTACK':
      return writeFeatureExtAck(writer, token);
    case 'DONE':
    case 'DONEPROC':
    case 'DONEINPROC':
      return writeDone(writer, token, layout);
    case 'RETURNSTATUS':
      writer.signed4(token.value);
      return;
    case 'OFFSET':
      writer.int2(token.identifier).int2(token.offset);
      return;
    case 'FEDAUTHINFO':
      writer.longLength((value) => writeFedAuthInfo(value, token));
      return;
    case 'SESSIONSTATE':
      writer.longLength((value) => writeSessionState(value, token));
      return;
    case 'ERROR':
    case 'INFO':
    case 'ENVCHANGE':
    case 'LOGINACK':
    case 'TABNAME':
    case 'COLINFO':
    case 'ORDER':
    case 'SSPI':
      writer.ushortLength((value) => writeSized(value, token, layout));
      return;
    default:
      return unreachable(token);
  }
}

type SizedToken = Extract<
  ServerToken,
  { readonly kind: 'ERROR' | 'INFO' | 'ENVCHANGE' | 'LOGINACK' | 'TABNAME' | 'COLINFO' | 'ORDER' | 'SSPI' }
>;

function writeSized(writer: PayloadWriter, token: SizedToken, layout: VersionLayout): void {
  switch (token.kind) {
    case 'ERROR':
    case 'INFO':
      return writeErrorOrInfo(writer, token, layout);
    case 'ENVCHANGE':
      return writeEnvChange(writer, token);
    case 'LOGINACK':
      return writeLoginAck(writer, token);
    case 'TABNAME':
      return writeTabName(writer, token);
    case 'COLINFO':
      return writeColInfo(writer, token);
    case 'ORDER':
      for (const column of token.columns) writer.int2(column);
      return;
    case 'SSPI':
      writer.bytes(token.data);
      return;
    default:
      return unreachable(token);
  }
}

/** Tokens one after another, as the payload of a message. */
export function encodeTokens(tokens: readonly ServerToken[], layout: VersionLayout): Uint8Array {
  const writer = new PayloadWriter();
  for (const token of tokens) encodeToken(writer, token, layout);
  return writer.take();
}
