import { readCollation, writeCollation, type Collation } from './collation.js';
import { decodeUtf16, PayloadReader } from './payload-reader.js';
import type { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import {
  ENV_CHANGE,
  type EnvChange,
  type EnvChangeBytesType,
  type EnvChangeTextType,
  type EnvChangeValue,
  type Routing,
} from './server-token.js';

const TEXT_TYPES: ReadonlySet<number> = new Set<EnvChangeTextType>([1, 2, 3, 4, 5, 6, 13, 19]);
const BYTES_TYPES: ReadonlySet<number> = new Set<EnvChangeBytesType>([8, 9, 10, 11, 12, 16, 17, 18]);

/** The value of ENVCHANGE ([MS-TDS] 2.2.7.9), behind its length. */
export function readEnvChange(reader: PayloadReader): EnvChange {
  return { kind: 'ENVCHANGE', ...readValue(reader) };
}

function readValue(reader: PayloadReader): EnvChangeValue {
  const type = reader.int1();
  if (isTextType(type)) return { type, newText: reader.byteText(), oldText: reader.byteText() };
  if (isBytesType(type)) return { type, newBytes: reader.byteBytes(), oldBytes: reader.byteBytes() };
  switch (type) {
    case ENV_CHANGE.SQL_COLLATION:
      return { type, newCollation: readValueCollation(reader), oldCollation: readValueCollation(reader) };
    case ENV_CHANGE.PROMOTE_TRANSACTION:
      return { type, newBytes: reader.longBytes(), oldBytes: reader.byteBytes() };
    case ENV_CHANGE.ROUTING:
      return { type, routing: readRouting(reader.ushortBytes()), oldBytes: reader.ushortBytes() };
    default:
      throw new ProtocolError('invalid-value', 'the server changes something of the environment that the protocol does not define');
  }
}

function isTextType(type: number): type is EnvChangeTextType {
  return TEXT_TYPES.has(type);
}

function isBytesType(type: number): type is EnvChangeBytesType {
  return BYTES_TYPES.has(type);
}

function readValueCollation(reader: PayloadReader): Collation | undefined {
  const bytes = reader.byteBytes();
  if (bytes.length === 0) return undefined;
  const inner = new PayloadReader(bytes);
  const collation = readCollation(inner);
  inner.finish();
  return collation;
}

function readRouting(bytes: Uint8Array): Routing {
  const inner = new PayloadReader(bytes);
  const protocol = inner.int1();
  const port = inner.int2();
  const server = decodeUtf16(inner.bytes(inner.int2() * 2));
  inner.finish();
  return { protocol, port, server };
}

export function writeEnvChange(writer: PayloadWriter, change: EnvChangeValue): void {
  writer.int1(change.type);
  switch (change.type) {
    case ENV_CHANGE.SQL_COLLATION:
      writeValueCollation(writer, change.newCollation);
      writeValueCollation(writer, change.oldCollation);
      return;
    case ENV_CHANGE.PROMOTE_TRANSACTION:
      writer.longBytes(change.newBytes).byteBytes(change.oldBytes);
      return;
    case ENV_CHANGE.ROUTING: {
      const { protocol, port, server } = change.routing;
      writer.ushortLength((value) => value.int1(protocol).int2(port).ushortText(server)).ushortBytes(change.oldBytes);
      return;
    }
    default:
      if ('newText' in change) writer.byteText(change.newText).byteText(change.oldText);
      else writer.byteBytes(change.newBytes).byteBytes(change.oldBytes);
  }
}

function writeValueCollation(writer: PayloadWriter, collation: Collation | undefined): void {
  if (collation === undefined) writer.int1(0);
  else writeCollation(writer.int1(5), collation);
}
