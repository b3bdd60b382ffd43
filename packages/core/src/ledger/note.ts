import { decodeBase64, encodeBase64 } from './base64.js';
import { HASH_BYTES, type Sha256, type TreeHead } from './merkle.js';

/**
 * Signed notes (c2sp.org/signed-note) and the checkpoints in them (c2sp.org/tlog-checkpoint). Text in and out; signing and the
 * verification of signatures are ports.
 */

export type NoteErrorCode = 'malformed-note' | 'malformed-key' | 'malformed-checkpoint' | 'unknown-signer' | 'bad-signature';

/** A note, key or checkpoint that is not in its format, or whose signature does not hold. */
export class NoteError extends Error {
  override readonly name = 'NoteError';
  readonly code: NoteErrorCode;
  constructor(code: NoteErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Signature type of Ed25519 (signed-note, "Signature types"). */
export const ED25519_TYPE = 1;
const ED25519_KEY_BYTES = 32;
/** More than the 16 that a verifier must accept, and little enough to bound the work on a hostile note. */
const MAX_SIGNATURES = 64;

export interface NoteSignature {
  readonly name: string;
  /** Big-endian uint32. */
  readonly keyId: number;
  /** Without the key id. */
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** Ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A public key for notes, as a verifier key (`vkey`) names it. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: number;
  /** 32 bytes (RFC 8032 section 5.1.5). */
  readonly publicKey: Uint8Array;
}

/** Checks an Ed25519 signature (RFC 8032 section 5.1.7). False for a signature or key of the wrong form; never throws. */
export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** `SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]` as a number (signed-note, "Signatures"). */
export function noteKeyId(hash: Sha256, name: string, publicKey: Uint8Array): number {
  const input = new Uint8Array([...new TextEncoder().encode(`${name}\n`), ED25519_TYPE, ...publicKey]);
  return readUint32(hash.sha256(input));
}

/** The verifier key of an Ed25519 public key. Throws a {@link NoteError} (`malformed-key`) for a name that notes cannot carry. */
export function verifierKey(hash: Sha256, name: string, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name))
    throw new NoteError('malformed-key', 'a key name must not be empty or hold spaces, plus signs or control characters');
  if (publicKey.length !== ED25519_KEY_BYTES) throw new NoteError('malformed-key', 'an ed25519 public key has 32 bytes');
  return { name, keyId: noteKeyId(hash, name, publicKey), publicKey };
}

/** `<name>+<hex key id>+<base64(type ‖ public key)>` (signed-note, "Verifier keys"). */
export function formatVerifierKey(key: VerifierKey): string {
  return `${key.name}+${hexUint32(key.keyId)}+${encodeBase64(new Uint8Array([ED25519_TYPE, ...key.publicKey]))}`;
}

/** Reads a verifier key. Throws a {@link NoteError} (`malformed-key`) when it is malformed, not Ed25519, or its id is not its own. */
export function parseVerifierKey(hash: Sha256, vkey: string): VerifierKey {
  const [, name, id, material] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const bytes = material === undefined ? undefined : decodeBase64(material);
  if (name === undefined || id === undefined || bytes === undefined) {
    throw new NoteError(
      'malformed-key',
      'a verifier key reads <name>+<8 hex digits>+<base64>: copy it again from the log that it belongs to',
    );
  }
  if (bytes[0] !== ED25519_TYPE) throw new NoteError('malformed-key', 'the verifier key is not of an ed25519 signature (type 1)');
  const key = verifierKey(hash, name, bytes.slice(1));
  if (hexUint32(key.keyId) !== id)
    throw new NoteError('malformed-key', 'the key id of the verifier key does not belong to its name and key');
  return key;
}

/** The note as text. Throws a {@link NoteError} (`malformed-note`) for what a note cannot carry. */
export function formatNote(note: SignedNote): string {
  const lines = note.signatures.map(({ name, keyId, signature }) => {
    return `\u2014 ${name} ${encodeBase64(new Uint8Array([...uint32(keyId), ...signature]))}\n`;
  });
  const text = `${note.text}\n${lines.join('')}`;
  parseNote(text);
  return text;
}

/** Reads a note. Says nothing of its signatures: the text must be ignored until {@link verifyNote} has passed. */
export function parseNote(text: string): SignedNote {
  const malformed = (what: string): NoteError => new NoteError('malformed-note', `not a signed note: ${what}`);
  if (/[^\P{Cc}\n]|[\ud800-\udfff]/u.test(text)) throw malformed('it holds control characters or is not unicode');
  const blank = text.lastIndexOf('\n\n');
  if (blank < 0 || !text.endsWith('\n')) throw malformed('it has no blank line before its signatures, or does not end in a newline');
  const lines = text.slice(blank + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw malformed(`it has more than ${MAX_SIGNATURES} signatures`);
  const signatures = lines.map((line) => {
    const [, name, encoded] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
    const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
    if (name === undefined || !isKeyName(name) || bytes === undefined || bytes.length < 5) throw malformed('a signature line is malformed');
    return { name, keyId: readUint32(bytes), signature: bytes.slice(4) };
  });
  return { text: text.slice(0, blank + 1), signatures };
}

/**
 * Checks a note against the keys that are trusted and returns those whose signatures hold. Signatures of other keys are ignored.
 * Throws a {@link NoteError}: `bad-signature` when one of a trusted key fails, `unknown-signer` when none is of a trusted key.
 */
export function verifyNote(note: SignedNote, keys: readonly VerifierKey[], verify: VerifyEd25519): VerifierKey[] {
  const message = new TextEncoder().encode(note.text);
  const verified: VerifierKey[] = [];
  for (const signature of note.signatures) {
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    if (key === undefined) continue;
    if (!verify(key.publicKey, message, signature.signature)) {
      throw new NoteError('bad-signature', `the signature of ${key.name} does not hold: the note was changed after it was signed`);
    }
    verified.push(key);
  }
  if (verified.length === 0) throw new NoteError('unknown-signer', 'no signature of the note is of a trusted key');
  return verified;
}

/** A signed tree head: c2sp.org/tlog-checkpoint. */
export interface Checkpoint extends TreeHead {
  /** Names the log; the same in every checkpoint of it. */
  readonly origin: string;
}

/** The note text of a checkpoint, without extension lines. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${encodeBase64(checkpoint.root)}\n`;
}

/** Reads the text of a note as a checkpoint. Throws a {@link NoteError} (`malformed-checkpoint`). Extension lines are refused. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, encodedRoot, ...rest] = text.split('\n');
  const root = encodedRoot === undefined ? undefined : decodeBase64(encodedRoot);
  if (origin === undefined || origin === '' || size === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(size) || root?.length !== HASH_BYTES) {
    throw new NoteError('malformed-checkpoint', 'a checkpoint has the lines origin, tree size and base64 root hash');
  }
  if (rest.length !== 1 || rest[0] !== '')
    throw new NoteError('malformed-checkpoint', 'a checkpoint of this log has no lines after its root hash');
  return { origin, size: Number(size), root };
}

function isKeyName(name: string): boolean {
  return name !== '' && !/[\s+\p{Cc}]/u.test(name);
}

function readUint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function hexUint32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
