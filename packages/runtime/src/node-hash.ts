import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { HashPort } from '@sqlwarden/core';

/** Core's hashes by `node:crypto`. */
export const nodeHash: HashPort = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};
