import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportProof, verifyProof } from './proof.js';
import { openLedger, Player, removeScratch, scratch } from './testing/scenario.js';

afterAll(removeScratch);

let directory: string;
let verifier: string;
beforeAll(async () => {
  directory = scratch();
  const ledger = await openLedger(directory);
  for (let n = 0; n < 200; n++) new Player(ledger).run({ text: `select ${n}` });
  await ledger.close();
  verifier = readFileSync(join(directory, 'keys/verifier'), 'utf8');
});

describe('the proof of an entry', () => {
  it('holds for every kind of position, without the log', async () => {
    for (const seq of [0, 1, 255, 256, 511, 512, 600, 601]) {
      const proof = await exportProof(directory, seq);
      expect(proof.startsWith('c2sp.org/tlog-proof@v1\nextra ')).toBe(true);
      expect(verifyProof(proof, verifier)).toMatchObject({ index: seq, event: { seq }, checkpoint: { size: 602 } });
    }
  });

  it('does not hold when any character of it was changed', async () => {
    const proof = await exportProof(directory, 256);
    for (let at = 0; at < proof.length; at++) {
      const changed = proof.slice(0, at) + String.fromCharCode(proof.charCodeAt(at) ^ 1) + proof.slice(at + 1);
      expect(() => verifyProof(changed, verifier)).toThrow();
    }
  });

  it('does not hold for another key', async () => {
    const other = scratch();
    await (await openLedger(other)).close();
    const proof = await exportProof(directory, 3);
    expect(() => verifyProof(proof, readFileSync(join(other, 'keys/verifier'), 'utf8'))).toThrow(
      expect.objectContaining({ code: 'unknown-signer' }),
    );
  });

  it('is not made for an entry that is not signed, nor from tiles that are missing', async () => {
    await expect(exportProof(directory, 602)).rejects.toMatchObject({ code: 'not-found' });
    const broken = scratch();
    cpSync(directory, broken, { recursive: true });
    rmSync(join(broken, 'tile/0/001'));
    await expect(exportProof(broken, 256)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
