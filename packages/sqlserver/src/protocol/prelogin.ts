import { PayloadReader } from './payload-reader.js';
import { PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';

/** A PRELOGIN message of either end ([MS-TDS] 2.2.6.5): its options in the order in which they came. Options that are not known are among them. */
export interface Prelogin {
  readonly options: readonly PreloginOption[];
}

export interface PreloginOption {
  /** Of {@link PRELOGIN}. */
  readonly token: number;
  /** A view. */
  readonly data: Uint8Array;
}

/** PL_OPTION_TOKEN ([MS-TDS] 2.2.6.5). */
export const PRELOGIN = {
  VERSION: 0x00,
  ENCRYPTION: 0x01,
  INSTOPT: 0x02,
  THREADID: 0x03,
  MARS: 0x04,
  TRACEID: 0x05,
  FEDAUTHREQUIRED: 0x06,
  NONCEOPT: 0x07,
} as const;

const TERMINATOR = 0xff;
const OPTION_HEAD = 5;
const NONCE = 32;

interface OptionHead {
  readonly token: number;
  readonly offset: number;
  readonly length: number;
}

/** Decodes the payload. Throws a {@link ProtocolError}; also when an option is there twice. */
export function readPrelogin(payload: Uint8Array): Prelogin {
  const reader = new PayloadReader(payload);
  const heads: OptionHead[] = [];
  for (let token = reader.int1(); token !== TERMINATOR; token = reader.int1()) {
    if (heads.some((head) => head.token === token)) throw new ProtocolError('invalid-value', 'an option of PRELOGIN is there twice');
    heads.push({ token, offset: reader.bigEndian2(), length: reader.bigEndian2() });
  }
  return { options: heads.map((head) => ({ token: head.token, data: optionData(payload, head, reader.at) })) };
}

function optionData(payload: Uint8Array, { token, offset, length }: OptionHead, from: number): Uint8Array {
  if (length > 0 && offset < from) throw new ProtocolError('length', 'an option of PRELOGIN lies over others');
  if (offset + length > payload.length) throw new ProtocolError('truncated', 'an option of PRELOGIN reaches beyond its end');
  if (token === PRELOGIN.NONCEOPT && length !== NONCE) throw new ProtocolError('length', 'the nonce of PRELOGIN has 32 bytes');
  return payload.subarray(offset, offset + length);
}

/** Writes the payload: options one after another, their data in the same order. */
export function encodePrelogin({ options }: Prelogin): Uint8Array {
  const writer = new PayloadWriter();
  let offset = options.length * OPTION_HEAD + 1;
  for (const { token, data } of options) {
    writer.int1(token).bigEndian2(offset).bigEndian2(data.length);
    offset += data.length;
  }
  writer.int1(TERMINATOR);
  for (const { data } of options) writer.bytes(data);
  return writer.take();
}

/** The data of an option, a view; `undefined` where it is not there. */
export function preloginData({ options }: Prelogin, token: number): Uint8Array | undefined {
  return options.find((option) => option.token === token)?.data;
}

/** An option of one byte; `undefined` where it is not there or empty. Throws a {@link ProtocolError} when it is longer. */
export function preloginByte(prelogin: Prelogin, token: number): number | undefined {
  const data = preloginData(prelogin, token);
  if (data === undefined || data.length === 0) return undefined;
  if (data.length !== 1) throw new ProtocolError('length', 'an option of PRELOGIN has one byte');
  return data[0];
}
