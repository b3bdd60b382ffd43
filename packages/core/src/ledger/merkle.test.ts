import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  MerkleFrontier,
  nodeHash,
  rootOf,
  type Sha256,
  type SubtreeSource,
  verifyConsistency,
  verifyInclusion,
} from './merkle.js';

const sha256: Sha256 = { sha256: (data) => new Uint8Array(createHash('sha256').update(data).digest()) };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The test vectors of Certificate Transparency's reference implementation: 8 leaves and the roots of the first 1..8 of them. */
const CT_LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const CT_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** RFC 6962 section 2.1 word by word, to compare with. */
function mth(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot(sha256);
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(sha256, mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, n) => leafHash(sha256, Buffer.from(`leaf ${n}`)));
const sourceOf = (leaves: readonly Uint8Array[]): SubtreeSource => ({
  subtree(level, index) {
    const run = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level);
    if (run.length !== 2 ** level) throw new RangeError('incomplete');
    return mth(run);
  },
});

describe('the merkle tree', () => {
  it('has the roots of the certificate transparency vectors', () => {
    expect(hex(emptyRoot(sha256))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const leaves = CT_LEAVES.map((leaf) => leafHash(sha256, Buffer.from(leaf, 'hex')));
    const frontier = new MerkleFrontier(sha256);
    for (const [index, root] of CT_ROOTS.entries()) {
      frontier.push(leaves[index]!);
      expect(hex(frontier.root())).toBe(root);
      expect(hex(rootOf(sha256, sourceOf(leaves), index + 1))).toBe(root);
    }
  });

  it('tells of every node that a leaf completes, and can be taken up again at any size', () => {
    const leaves = leavesOf(37);
    const nodes = new Map<string, string>();
    const frontier = new MerkleFrontier(sha256);
    for (const leaf of leaves) frontier.push(leaf, (level, index, hash) => nodes.set(`${level}/${index}`, hex(hash)));
    for (const [name, hash] of nodes) {
      const [level = 0, index = 0] = name.split('/').map(Number);
      expect(hash).toBe(hex(sourceOf(leaves).subtree(level, index)));
    }
    expect(nodes.size).toBe(37 + 18 + 9 + 4 + 2 + 1);
    for (let size = 0; size <= 37; size++) {
      const resumed = new MerkleFrontier(sha256, size, sourceOf(leaves));
      expect(hex(resumed.root())).toBe(hex(mth(leaves.slice(0, size))));
      for (const leaf of leaves.slice(size)) resumed.push(leaf);
      expect(hex(resumed.root())).toBe(hex(frontier.root()));
    }
  });

  it('proves the inclusion of every leaf in every tree, and of nothing else', () => {
    const leaves = leavesOf(33);
    const source = sourceOf(leaves);
    for (let size = 1; size <= 33; size++) {
      const root = mth(leaves.slice(0, size));
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(sha256, source, index, size);
        const leaf = leaves[index]!;
        expect(verifyInclusion(sha256, { leaf, index, size, root }, proof)).toBe(true);
        expect(verifyInclusion(sha256, { leaf, index: index + 1, size, root }, proof)).toBe(false);
        expect(verifyInclusion(sha256, { leaf: leaves[(index + 1) % 33]!, index, size, root }, proof)).toBe(false);
        expect(verifyInclusion(sha256, { leaf, index, size, root }, [...proof, root])).toBe(false);
        if (proof.length > 0) expect(verifyInclusion(sha256, { leaf, index, size, root }, proof.slice(1))).toBe(false);
      }
    }
    expect(() => inclusionProof(sha256, source, 3, 3)).toThrow(RangeError);
  });

  it('proves that every tree grew out of every smaller one, and not out of another', () => {
    const leaves = leavesOf(33);
    const source = sourceOf(leaves);
    const other = leavesOf(33).map((leaf, index) => (index === 0 ? nodeHash(sha256, leaf, leaf) : leaf));
    for (let newSize = 0; newSize <= 33; newSize++) {
      const newer = { size: newSize, root: mth(leaves.slice(0, newSize)) };
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const older = { size: oldSize, root: mth(leaves.slice(0, oldSize)) };
        const proof = consistencyProof(sha256, source, oldSize, newSize);
        expect(verifyConsistency(sha256, older, newer, proof)).toBe(true);
        if (oldSize > 0) {
          expect(verifyConsistency(sha256, { size: oldSize, root: mth(other.slice(0, oldSize)) }, newer, proof)).toBe(false);
          expect(verifyConsistency(sha256, older, { size: newSize, root: mth(other.slice(0, newSize)) }, proof)).toBe(false);
        }
        expect(verifyConsistency(sha256, older, newer, [...proof, newer.root])).toBe(false);
        if (oldSize < newSize) expect(verifyConsistency(sha256, newer, older, proof)).toBe(false);
      }
    }
  });

  it('accepts no proof with a bit flipped', () => {
    const leaves = leavesOf(50);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.nat(), fc.nat(), fc.nat(255), (size, a, b, bit) => {
        const index = a % size;
        const root = mth(leaves.slice(0, size));
        const proof = inclusionProof(sha256, sourceOf(leaves), index, size).map((node) => Uint8Array.from(node));
        const node = proof[b % proof.length]!;
        node[bit >> 3]! ^= 1 << (bit & 7);
        expect(verifyInclusion(sha256, { leaf: leaves[index]!, index, size, root }, proof)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});
