/**
 * What core needs from the platform and may not import: given to it by whoever composes the pipeline.
 * Implementations must be deterministic and must not keep or change the bytes they are given.
 */
export interface HashPort {
  /** SHA-256 (FIPS 180-4) of `data`; 32 bytes, owned by the caller. */
  sha256(data: Uint8Array): Uint8Array;
  /** HMAC-SHA-256 (RFC 2104) of `data` under `key`; 32 bytes, owned by the caller. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** `hmacSha256` under one key for many data, quicker: what it returns keeps the key's state. Absent: `hmacSha256` is used for each. */
  hmacSha256Under?(key: Uint8Array): (data: Uint8Array) => Uint8Array;
  /** MD5 (RFC 1321) of `data`, only for PostgreSQL's old password exchange; absent where the platform forbids it. */
  md5?(data: Uint8Array): Uint8Array;
  /** SHA-1 (FIPS 180-4) of `data`; 20 bytes. Only for MySQL's old password exchange; absent where the platform forbids it. */
  sha1?(data: Uint8Array): Uint8Array;
  /** PBKDF2-HMAC-SHA-256 (RFC 8018 section 5.2); `length` bytes, owned by the caller. For SCRAM. */
  pbkdf2Sha256(password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Uint8Array;
}

/** Encryption that only the holder of a private key can undo. */
export interface PublicKeyPort {
  /**
   * RSAES-OAEP (RFC 8017 section 7.1) with SHA-1 and MGF1 with SHA-1 under the public key of `pem`; `undefined` when that is no RSA key of at least 2048
   * bits, or `data` is too long for it.
   */
  encryptOaepSha1(pem: string, data: Uint8Array): Uint8Array | undefined;
}

/** A regular expression that matches in time linear in its input, whatever the pattern (no backtracking). */
export interface LinearPattern {
  /** True when the pattern is found anywhere in `text`. */
  test(text: string): boolean;
  /** `text` with every match replaced by `replacement` (taken literally). */
  replaceAll(text: string, replacement: string): string;
}

/** Compiles a pattern, or throws a `SyntaxError` that says what is wrong with it. */
export type CompilePattern = (source: string, flags: { readonly ignoreCase: boolean }) => LinearPattern;
