/** B_FENCRYPTION ([MS-TDS] section 2.2.6.5, "Encryption"). */
export const ENCRYPT = { OFF: 0x00, ON: 0x01, NOT_SUP: 0x02, REQ: 0x03 } as const;

/** The bit by which a client says that it shows a certificate. */
const CLIENT_CERT = 0x80;

/** What the client's leg can have. */
export interface ClientLeg {
  /** TLS has begun before the first byte (TDS 8.0). */
  readonly isEncrypted: boolean;
  readonly canEncrypt: boolean;
  readonly isPrivate: boolean;
}

export interface EncryptionAnswer {
  /** For the client's PRELOGIN. */
  readonly encryption: number;
  /** TLS comes next, and nothing else. */
  readonly startsTls: boolean;
}

/**
 * What a client that offers `asked` is told. INVARIANT: a leg that can be encrypted is encrypted from the login to the end, or not at all where nobody can
 * overhear it: OFF, by which only the login is encrypted, is never agreed on. On a leg that can be overheard a client that has no TLS is told that it is
 * required (REQ), upon which clients give up before they have shown a password.
 */
export function encryptionAnswer(asked: number, { isEncrypted, canEncrypt, isPrivate }: ClientLeg): EncryptionAnswer {
  const offered = asked & ~CLIENT_CERT;
  if (isEncrypted) return { encryption: ENCRYPT.NOT_SUP, startsTls: false };
  if (offered === ENCRYPT.NOT_SUP || !canEncrypt) return { encryption: isPrivate ? ENCRYPT.NOT_SUP : ENCRYPT.REQ, startsTls: false };
  return { encryption: offered === ENCRYPT.OFF ? ENCRYPT.REQ : ENCRYPT.ON, startsTls: true };
}

/** What comes of a server's answer to a PRELOGIN that offered ON (TLS is required) or NOT_SUP (`disable`). */
export type ServerEncryption = 'tls' | 'clear' | 'no-tls' | 'tls-demanded';

/** INVARIANT: where TLS is required nothing but ON or REQ goes on, and both mean that everything is encrypted from then on. */
export function serverEncryption(tls: 'require' | 'disable', answer: number): ServerEncryption {
  const encrypts = answer === ENCRYPT.ON || answer === ENCRYPT.REQ;
  if (tls === 'require') return encrypts ? 'tls' : 'no-tls';
  return encrypts ? 'tls-demanded' : 'clear';
}
