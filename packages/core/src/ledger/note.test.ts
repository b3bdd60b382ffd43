import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Sha256 } from './merkle.js';
import {
  formatCheckpoint,
  formatNote,
  formatVerifierKey,
  NoteError,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  verifierKey,
  type VerifyEd25519,
  verifyNote,
} from './note.js';

const sha256: Sha256 = { sha256: (data) => new Uint8Array(createHash('sha256').update(data).digest()) };
const ed25519: VerifyEd25519 = (publicKey, message, signature) => {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }, format: 'jwk' });
  return signature.length === 64 && verify(null, message, key, signature);
};

// The example of c2sp.org/signed-note, "Verifier keys".
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const NOTE =
  'This is an example message.\n\n' +
  '\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';

function code(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof NoteError ? error.code : String(error);
  }
  return undefined;
}

describe('signed notes', () => {
  it('reads and verifies the example of the specification', () => {
    const key = parseVerifierKey(sha256, VKEY);
    expect(key).toMatchObject({ name: 'example.com/foo', keyId: 0x530d903a });
    expect(formatVerifierKey(key)).toBe(VKEY);
    const note = parseNote(NOTE);
    expect(note.text).toBe('This is an example message.\n');
    expect(verifyNote(note, [key], ed25519)).toEqual([key]);
    expect(formatNote(note)).toBe(NOTE);
  });

  it('rejects a note in which any character was changed', () => {
    const key = parseVerifierKey(sha256, VKEY);
    for (let at = 0; at < NOTE.length; at++) {
      const changed = NOTE.slice(0, at) + String.fromCharCode(NOTE.charCodeAt(at) ^ 1) + NOTE.slice(at + 1);
      expect([at, code(() => verifyNote(parseNote(changed), [key], ed25519))]).toEqual([
        at,
        expect.stringMatching(/^(malformed-note|bad-signature|unknown-signer)$/),
      ]);
    }
  });

  it('ignores signatures of unknown keys, and fails on a bad one of a known key even beside a good one', () => {
    const key = parseVerifierKey(sha256, VKEY);
    const pair = generateKeyPairSync('ed25519');
    const other = verifierKey(sha256, 'example.com/bar', publicKeyBytes(pair.publicKey));
    const note = parseNote(NOTE);
    const good = sign(null, Buffer.from(note.text), pair.privateKey);
    const bad = Uint8Array.from(good, (byte, index) => (index === 3 ? byte ^ 4 : byte));
    const signed = (signature: Uint8Array) => ({
      ...note,
      signatures: [...note.signatures, { name: other.name, keyId: other.keyId, signature }],
    });
    expect(verifyNote(signed(good), [key, other], ed25519)).toEqual([key, other]);
    expect(verifyNote(signed(bad), [key], ed25519)).toEqual([key]);
    expect(code(() => verifyNote(signed(bad), [key, other], ed25519))).toBe('bad-signature');
    expect(code(() => verifyNote(note, [other], ed25519))).toBe('unknown-signer');
  });

  it.each([
    ['no blank line', 'text\n\u2014 a b\n'],
    ['no newline at the end', NOTE.slice(0, -1)],
    ['a control character', NOTE.replace('This', 'Th\u0007s')],
    ['a carriage return', NOTE.replace('.\n', '.\r\n')],
    ['a hyphen for the dash', NOTE.replace('\u2014', '-')],
    ['a signature without bytes behind the key id', 'text\n\n\u2014 a AAAAAA==\n'],
    ['a signature that is not canonical base64', NOTE.replace('aQM=', 'aQN=')],
    ['a plus sign in the name', NOTE.replace('com/foo', 'com+foo')],
  ])('rejects %s', (_note, text) => {
    expect(code(() => parseNote(text))).toBe('malformed-note');
  });

  it('rejects verifier keys whose parts do not belong together', () => {
    expect(code(() => parseVerifierKey(sha256, VKEY.replace('530d903a', '530d903b')))).toBe('malformed-key');
    expect(code(() => parseVerifierKey(sha256, VKEY.replace('foo', 'fop')))).toBe('malformed-key');
    expect(code(() => parseVerifierKey(sha256, VKEY.replace('+AeK', '+BeK').replace('+Aek', '+Bek')))).toBe('malformed-key');
    expect(code(() => parseVerifierKey(sha256, 'nonsense'))).toBe('malformed-key');
    expect(code(() => verifierKey(sha256, 'two words', new Uint8Array(32)))).toBe('malformed-key');
  });
});

describe('checkpoints', () => {
  const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';

  it('reads and writes the example of the specification', () => {
    const checkpoint = parseCheckpoint(text);
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 });
    expect(formatCheckpoint(checkpoint)).toBe(text);
  });

  it.each([
    ['leading zeroes', text.replace('2085', '02085')],
    ['a negative size', text.replace('2085', '-2085')],
    ['no origin', text.replace('example.com/behind-the-sofa', '')],
    ['a short root', text.replace('CsUYapGG', '')],
    ['an extension line', `${text}more\n`],
    ['no newline at the end', text.slice(0, -1)],
  ])('rejects %s', (_note, changed) => {
    expect(code(() => parseCheckpoint(changed))).toBe('malformed-checkpoint');
  });
});

function publicKeyBytes(key: ReturnType<typeof createPublicKey>): Uint8Array {
  return new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'));
}
