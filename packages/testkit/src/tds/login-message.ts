import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import type { CannedLogin, CannedPrelogin } from './canned-answers.js';
import { isAtLeast, versionOf } from './tds-version.js';

/** ENCRYPTION of PRELOGIN, [MS-TDS] section 2.2.6.5. */
export const ENCRYPTION = { off: 0, on: 1, 'not-supported': 2, required: 3 } as const;

export function readPrelogin(payload: Buffer): CannedPrelogin {
  const options = new Map<number, Buffer>();
  const reader = new ByteReader(payload);
  for (let option = reader.uint8(); option !== 0xff; option = reader.uint8()) {
    const [at, length] = [reader.raw(2).readUInt16BE(), reader.raw(2).readUInt16BE()];
    if (at + length > payload.length) throw new Error(`option ${option} of PRELOGIN lies behind its end`);
    options.set(option, payload.subarray(at, at + length));
  }
  return {
    options: [...options.keys()],
    encryption: options.get(1)?.[0] ?? ENCRYPTION['not-supported'],
    mars: options.get(4)?.[0] ?? 0,
    instance: (options.get(2) ?? Buffer.alloc(0)).toString('latin1').replace(/\0.*$/s, ''),
    fedAuthRequired: options.get(6)?.[0] === 1,
    nonce: Buffer.from(options.get(7) ?? Buffer.alloc(0)),
  };
}

/** The options of a PRELOGIN, in this order. */
export function writePrelogin(options: readonly (readonly [number, Uint8Array])[]): Buffer {
  const head = Buffer.alloc(options.length * 5 + 1);
  let at = head.length;
  for (const [index, [option, data]] of options.entries()) {
    head.writeUInt8(option, index * 5);
    head.writeUInt16BE(at, index * 5 + 1);
    head.writeUInt16BE(data.length, index * 5 + 3);
    at += data.length;
  }
  head.writeUInt8(0xff, head.length - 1);
  return Buffer.concat([head, ...options.map(([, data]) => data)]);
}

/** LOGIN7 alone; what is known from before and after it is added by the connection. */
export type Login7 = Omit<CannedLogin, 'connection' | 'encryption' | 'prelogin' | 'accepted' | 'token'>;

/** [MS-TDS] section 2.2.6.4. */
export function readLogin7(payload: Buffer): Login7 {
  const reader = new ByteReader(payload);
  if (reader.uint32() !== payload.length) throw new Error('LOGIN7 has another length than it says');
  const tdsVersion = versionOf(reader.uint32());
  if (tdsVersion === undefined) throw new Error('a TDS version before 7.1');
  const fixed = {
    tdsVersion,
    packetSize: reader.uint32(),
    clientProgramVersion: reader.uint32(),
    clientProcessId: reader.uint32(),
    connectionId: reader.uint32(),
    optionFlags1: reader.uint8(),
    optionFlags2: reader.uint8(),
    typeFlags: reader.uint8(),
    optionFlags3: reader.uint8(),
    clientTimeZone: reader.uint32(),
    clientLcid: reader.uint32(),
  };
  const { connectionId: _id, clientTimeZone: _zone, ...kept } = fixed;
  const bytes = (size: number): Buffer => {
    const [at, length] = [reader.uint16(), reader.uint16()];
    if (at + length * size > payload.length) throw new Error('a field of LOGIN7 lies behind its end');
    return payload.subarray(at, at + length * size);
  };
  const text = (): string => bytes(2).toString('utf16le');
  const [hostName, userName, password, applicationName, serverName] = [text(), text(), plainPassword(bytes(2)), text(), text()];
  const extension = bytes(1);
  const [libraryName, language, database] = [text(), text(), text()];
  reader.raw(6);
  const sspi = Buffer.from(bytes(1));
  const attachedFile = text();
  // Older logins have no place for these; what stands there is the first of their texts.
  const newPassword = isAtLeast(tdsVersion, '7.2') ? plainPassword(bytes(2)) : '';
  const hasFeatures = isAtLeast(tdsVersion, '7.4') && (fixed.optionFlags3 & 0x10) !== 0;
  return {
    ...kept,
    hostName,
    userName,
    password,
    applicationName,
    serverName,
    libraryName,
    language,
    database,
    sspi,
    attachedFile,
    newPassword,
    features: hasFeatures ? readFeatures(payload.subarray(extension.readUInt32LE())) : [],
  };
}

/** Each byte has its halves exchanged and is then XORed with A5. */
function plainPassword(bytes: Buffer): string {
  const plain = bytes.map((byte) => (((byte ^ 0xa5) << 4) | ((byte ^ 0xa5) >> 4)) & 0xff);
  return Buffer.from(plain).toString('utf16le');
}

function readFeatures(bytes: Buffer): { id: number; data: Buffer }[] {
  const reader = new ByteReader(bytes);
  const features: { id: number; data: Buffer }[] = [];
  for (let id = reader.uint8(); id !== 0xff; id = reader.uint8()) features.push({ id, data: Buffer.from(reader.raw(reader.uint32())) });
  return features;
}

export const FEATURE = { fedAuth: 0x02, utf8: 0x0a } as const;

/** What FEDAUTH of FeatureExt asks for: a token of its own, or FEDAUTHINFO first. */
export function readFedAuth(data: Buffer): { readonly library: number; readonly token: string | undefined } {
  const reader = new ByteReader(data);
  const library = reader.uint8() >> 1;
  return { library, token: library === 1 ? reader.raw(reader.uint32()).toString('utf16le') : undefined };
}

/** Federated Authentication Token, [MS-TDS] section 2.2.6.3. */
export function readFedAuthToken(payload: Buffer): string {
  const reader = new ByteReader(payload);
  const length = reader.uint32();
  if (length !== reader.left) throw new Error('a token message of another length than it says');
  return reader.raw(reader.uint32()).toString('utf16le');
}

/** FEDAUTHINFO, [MS-TDS] section 2.2.7.12: offsets count from behind the token's length. */
export function writeFedAuthInfo(stsUrl: string, spn: string): Buffer {
  const data = [stsUrl, spn].map((text) => Buffer.from(text, 'utf16le'));
  const head = new ByteWriter().uint32(data.length);
  let at = 4 + data.length * 9;
  for (const [index, text] of data.entries()) {
    head
      .uint8(index + 1)
      .uint32(text.length)
      .uint32(at);
    at += text.length;
  }
  return new ByteWriter().uint8(0xee).uint32(at).raw(head.bytes).raw(Buffer.concat(data)).bytes;
}
