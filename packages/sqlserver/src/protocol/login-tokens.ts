import { decodeUtf16, PayloadReader } from './payload-reader.js';
import { encodeUtf16, type PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';
import type { FeatureAck, FeatureExtAck, FedAuthInfo, LoginAck, SessionState } from './server-token.js';

/** Ends a list of features, in LOGIN7 and in FEATUREEXTACK. */
export const FEATURE_TERMINATOR = 0xff;

/** LOGINACK ([MS-TDS] 2.2.7.14), behind its length. */
export function readLoginAck(reader: PayloadReader): LoginAck {
  const head = { interface: reader.int1(), tdsVersion: reader.bigEndian4(), programName: reader.byteText() };
  const programVersion = { major: reader.int1(), minor: reader.int1(), build: reader.bigEndian2() };
  return { kind: 'LOGINACK', ...head, programVersion };
}

export function writeLoginAck(writer: PayloadWriter, ack: LoginAck): void {
  const { major, minor, build } = ack.programVersion;
  writer.int1(ack.interface).bigEndian4(ack.tdsVersion).byteText(ack.programName).int1(major).int1(minor).bigEndian2(build);
}

/** FEATUREEXTACK ([MS-TDS] 2.2.7.11), behind its type. */
export function readFeatureExtAck(reader: PayloadReader): FeatureExtAck {
  const features: FeatureAck[] = [];
  for (;;) {
    const id = reader.int1();
    if (id === FEATURE_TERMINATOR) return { kind: 'FEATUREEXTACK', features };
    features.push({ id, data: reader.longBytes() });
  }
}

export function writeFeatureExtAck(writer: PayloadWriter, { features }: FeatureExtAck): void {
  for (const { id, data } of features) writer.int1(id).longBytes(data);
  writer.int1(FEATURE_TERMINATOR);
}

const STS_URL = 0x01;
const SPN = 0x02;
const INFO_HEADER = 9;

/** FEDAUTHINFO ([MS-TDS] 2.2.7.12): `value` is what stands behind its length. Offsets count from there. */
export function readFedAuthInfo(value: Uint8Array): FedAuthInfo {
  const reader = new PayloadReader(value);
  const count = reader.int4();
  if (count > Math.floor(value.length / INFO_HEADER)) throw new ProtocolError('truncated', 'a FEDAUTHINFO has fewer values than it says');
  const infos = Array.from({ length: count }, () => ({ id: reader.int1(), length: reader.int4(), offset: reader.int4() }));
  const data = infos.map(({ id, length, offset }) => ({ id, data: partOf(value, offset, length) }));
  const textOf = (wanted: number): string | undefined => {
    const found = data.find(({ id }) => id === wanted);
    return found === undefined ? undefined : decodeUtf16(found.data);
  };
  return { kind: 'FEDAUTHINFO', stsUrl: textOf(STS_URL), spn: textOf(SPN), others: data.filter(({ id }) => id !== STS_URL && id !== SPN) };
}

function partOf(value: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset + length > value.length) throw new ProtocolError('truncated', 'a value reaches beyond the end of its token');
  return value.subarray(offset, offset + length);
}

export function writeFedAuthInfo(writer: PayloadWriter, { stsUrl, spn, others }: FedAuthInfo): void {
  const texts = [
    ...(stsUrl === undefined ? [] : [{ id: STS_URL, data: encodeUtf16(stsUrl) }]),
    ...(spn === undefined ? [] : [{ id: SPN, data: encodeUtf16(spn) }]),
  ];
  const infos = [...texts, ...others];
  writer.int4(infos.length);
  let offset = 4 + infos.length * INFO_HEADER;
  for (const { id, data } of infos) {
    writer.int1(id).int4(data.length).int4(offset);
    offset += data.length;
  }
  for (const { data } of infos) writer.bytes(data);
}

const LONG_STATE = 0xff;

/** SESSIONSTATE ([MS-TDS] 2.2.7.20): `value` is what stands behind its length. */
export function readSessionState(value: Uint8Array): SessionState {
  const reader = new PayloadReader(value);
  const sequence = reader.int4();
  const status = reader.int1();
  const states: { id: number; value: Uint8Array }[] = [];
  while (reader.remaining > 0) {
    const id = reader.int1();
    const length = reader.int1();
    states.push({ id, value: reader.bytes(length === LONG_STATE ? reader.int4() : length) });
  }
  return { kind: 'SESSIONSTATE', sequence, status, states };
}

export function writeSessionState(writer: PayloadWriter, { sequence, status, states }: SessionState): void {
  writer.int4(sequence).int1(status);
  for (const { id, value } of states) {
    writer.int1(id);
    if (value.length < LONG_STATE) writer.byteBytes(value);
    else writer.int1(LONG_STATE).longBytes(value);
  }
}
