import { FEATURE_TERMINATOR } from './login-tokens.js';
import { decodeUtf16, PayloadReader } from './payload-reader.js';
import { encodeUtf16, PayloadWriter } from './payload-writer.js';
import { ProtocolError } from './protocol-error.js';

/** Features of LOGIN7's FeatureExt and of FEATUREEXTACK ([MS-TDS] 2.2.6.4). */
export const FEATURE = {
  SESSIONRECOVERY: 0x01,
  FEDAUTH: 0x02,
  COLUMNENCRYPTION: 0x04,
  GLOBALTRANSACTIONS: 0x05,
  AZURESQLSUPPORT: 0x08,
  DATACLASSIFICATION: 0x09,
  UTF8_SUPPORT: 0x0a,
  AZURESQLDNSCACHING: 0x0b,
  JSONSUPPORT: 0x0d,
  VECTORSUPPORT: 0x0e,
  ENHANCEDROUTINGSUPPORT: 0x0f,
  USERAGENT: 0x10,
} as const;

export interface Feature {
  /** Of {@link FEATURE}, or one that is not known. */
  readonly id: number;
  /** A view. */
  readonly data: Uint8Array;
}

/** bFedAuthLibrary ([MS-TDS] 2.2.6.4, "FEDAUTH"). */
const LIBRARY = { SECURITY_TOKEN: 0x01, ADAL: 0x02 } as const;
const NONCE = 32;

/**
 * The value of FEDAUTH. `echo`: what the server's FEDAUTHREQUIRED was. `token`: in clear, never log it. `workflow`: of ADAL, how the client gets its token
 * when FEDAUTHINFO has said from where.
 */
export type FedAuth = { readonly echo: boolean } & (
  | { readonly library: 'security-token'; readonly token: string; readonly nonce: Uint8Array | undefined }
  | { readonly library: 'adal'; readonly workflow: number }
  | { readonly library: 'other'; readonly id: number; readonly data: Uint8Array }
);

/** Reads FeatureExt up to its terminator. Throws a {@link ProtocolError}; also when a feature is there twice. */
export function readFeatures(reader: PayloadReader): readonly Feature[] {
  const features: Feature[] = [];
  for (let id = reader.int1(); id !== FEATURE_TERMINATOR; id = reader.int1()) {
    if (features.some((feature) => feature.id === id)) throw new ProtocolError('invalid-value', 'a feature of LOGIN7 is there twice');
    features.push({ id, data: reader.longBytes() });
  }
  return features;
}

export function writeFeatures(writer: PayloadWriter, features: readonly Feature[]): void {
  for (const { id, data } of features) writer.int1(id).longBytes(data);
  writer.int1(FEATURE_TERMINATOR);
}

/** Decodes the FEDAUTH feature of LOGIN7. Throws a {@link ProtocolError}. */
export function readFedAuth(data: Uint8Array): FedAuth {
  const reader = new PayloadReader(data);
  const options = reader.int1();
  const echo = (options & 1) !== 0;
  const id = options >>> 1;
  switch (id) {
    case LIBRARY.SECURITY_TOKEN: {
      const token = decodeUtf16(reader.longBytes());
      return { echo, library: 'security-token', token, nonce: readNonce(reader) };
    }
    case LIBRARY.ADAL: {
      const workflow = reader.int1();
      reader.finish();
      return { echo, library: 'adal', workflow };
    }
    default:
      return { echo, library: 'other', id, data: reader.rest() };
  }
}

/** What stands behind a token, if there is anything. */
function readNonce(reader: PayloadReader): Uint8Array | undefined {
  const nonce = reader.remaining === 0 ? undefined : reader.bytes(NONCE);
  reader.finish();
  return nonce;
}

export function encodeFedAuth(fedAuth: FedAuth): Uint8Array {
  const writer = new PayloadWriter();
  const echo = fedAuth.echo ? 1 : 0;
  switch (fedAuth.library) {
    case 'security-token':
      writer.int1((LIBRARY.SECURITY_TOKEN << 1) | echo).longBytes(encodeUtf16(fedAuth.token));
      if (fedAuth.nonce !== undefined) writer.bytes(fedAuth.nonce);
      break;
    case 'adal':
      writer.int1((LIBRARY.ADAL << 1) | echo).int1(fedAuth.workflow);
      break;
    case 'other':
      writer.int1((fedAuth.id << 1) | echo).bytes(fedAuth.data);
      break;
  }
  return writer.take();
}

/** A Federated Authentication Token message ([MS-TDS] 2.2.6.3): the answer to FEDAUTHINFO. `token`: in clear, never log it. */
export interface FedAuthTokenMessage {
  readonly token: string;
  readonly nonce: Uint8Array | undefined;
}

/** Decodes the payload. Throws a {@link ProtocolError}. */
export function readFedAuthTokenMessage(payload: Uint8Array): FedAuthTokenMessage {
  const whole = new PayloadReader(payload);
  const reader = new PayloadReader(whole.longBytes());
  whole.finish();
  const token = decodeUtf16(reader.longBytes());
  return { token, nonce: readNonce(reader) };
}

export function encodeFedAuthTokenMessage({ token, nonce }: FedAuthTokenMessage): Uint8Array {
  return new PayloadWriter()
    .longLength((value) => {
      value.longBytes(encodeUtf16(token));
      if (nonce !== undefined) value.bytes(nonce);
    })
    .take();
}
