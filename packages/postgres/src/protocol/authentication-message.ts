import { unreachable } from '@sqlwarden/core';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { ProtocolError } from './protocol-error.js';

/** The messages of type `R`. Byte fields are views: copy to keep. */
export type AuthenticationMessage =
  | { readonly kind: 'AuthenticationOk' }
  | { readonly kind: 'AuthenticationKerberosV5' }
  | { readonly kind: 'AuthenticationCleartextPassword' }
  | { readonly kind: 'AuthenticationMD5Password'; readonly salt: Uint8Array }
  | { readonly kind: 'AuthenticationGSS' }
  | { readonly kind: 'AuthenticationGSSContinue'; readonly data: Uint8Array }
  | { readonly kind: 'AuthenticationSSPI' }
  | { readonly kind: 'AuthenticationSASL'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'AuthenticationSASLContinue'; readonly data: Uint8Array }
  | { readonly kind: 'AuthenticationSASLFinal'; readonly data: Uint8Array };

const CODES = {
  AuthenticationOk: 0,
  AuthenticationKerberosV5: 2,
  AuthenticationCleartextPassword: 3,
  AuthenticationMD5Password: 5,
  AuthenticationGSS: 7,
  AuthenticationGSSContinue: 8,
  AuthenticationSSPI: 9,
  AuthenticationSASL: 10,
  AuthenticationSASLContinue: 11,
  AuthenticationSASLFinal: 12,
} as const satisfies Record<AuthenticationMessage['kind'], number>;

const names = new Map<number, AuthenticationMessage['kind']>(
  Object.entries(CODES).map(([name, code]) => [code, name as AuthenticationMessage['kind']]),
);

/** Reads the body of an authentication request. Throws `invalid-value` for a code that the protocol does not have. */
export function readAuthentication(reader: ByteReader): AuthenticationMessage {
  const code = reader.uint32();
  const kind = names.get(code);
  switch (kind) {
    case undefined:
      throw new ProtocolError('invalid-value', `authentication request ${code} is not one of the protocol`);
    case 'AuthenticationMD5Password':
      return { kind, salt: reader.bytes(4) };
    case 'AuthenticationSASL':
      return { kind, mechanisms: readMechanisms(reader) };
    case 'AuthenticationGSSContinue':
    case 'AuthenticationSASLContinue':
    case 'AuthenticationSASLFinal':
      return { kind, data: reader.rest() };
    case 'AuthenticationOk':
    case 'AuthenticationKerberosV5':
    case 'AuthenticationCleartextPassword':
    case 'AuthenticationGSS':
    case 'AuthenticationSSPI':
      return { kind };
    default:
      return unreachable(kind);
  }
}

function readMechanisms(reader: ByteReader): readonly string[] {
  const mechanisms: string[] = [];
  for (;;) {
    const name = reader.cstring();
    if (name === '') return mechanisms;
    mechanisms.push(name);
  }
}

/** Writes the body of an authentication request. */
export function writeAuthentication(writer: ByteWriter, message: AuthenticationMessage): void {
  writer.uint32(CODES[message.kind]);
  switch (message.kind) {
    case 'AuthenticationMD5Password':
      writer.bytes(message.salt);
      break;
    case 'AuthenticationSASL':
      for (const mechanism of message.mechanisms) writer.cstring(mechanism);
      writer.uint8(0);
      break;
    case 'AuthenticationGSSContinue':
    case 'AuthenticationSASLContinue':
    case 'AuthenticationSASLFinal':
      writer.bytes(message.data);
      break;
    case 'AuthenticationOk':
    case 'AuthenticationKerberosV5':
    case 'AuthenticationCleartextPassword':
    case 'AuthenticationGSS':
    case 'AuthenticationSSPI':
      break;
    default:
      unreachable(message);
  }
}
