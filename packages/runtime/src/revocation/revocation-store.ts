import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Revocation } from '@sqlwarden/core';
import type { GatewayConfig } from '../config/gateway-config.js';

/**
 * The revocations that were made by command, in a file of JSON that all processes of a gateway read and that outlives them. It is always replaced
 * as a whole, so that nobody sees half of it.
 */
export class RevocationStore {
  readonly file: string;
  #wasThere = false;

  constructor(file: string) {
    this.file = file;
  }

  /** Throws an `Error` that says what is wrong; a file that was never there is empty, and one that has gone is wrong. */
  read(): readonly Revocation[] {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && !this.#wasThere) return [];
      const why =
        code === 'ENOENT'
          ? 'has gone; restore it, or write {"version":1,"revoked":[]} to lift all of it'
          : `cannot be read (${code ?? 'unknown'})`;
      throw new Error(`${this.file} ${why}`, { cause: error });
    }
    const found = revocationsIn(text);
    this.#wasThere = true;
    if (found === undefined) throw new Error(`${this.file} holds no revocations that this version can read; restore it`);
    return found;
  }

  /** On the disk when it returns. Throws an `Error`; everything is as it was then. */
  write(revoked: readonly Revocation[]): void {
    const next = `${this.file}.next`;
    withDescriptor(openSync(next, 'w', 0o600), (descriptor) => {
      // All of it, where a disk that is nearly full takes only a part at first.
      writeFileSync(descriptor, `${JSON.stringify({ version: 1, revoked }, undefined, 2)}\n`);
      fsyncSync(descriptor);
    });
    renameSync(next, this.file);
    this.#wasThere = true;
    withDescriptor(openSync(dirname(this.file), 'r'), fsyncSync);
  }
}

function withDescriptor(descriptor: number, use: (descriptor: number) => void): void {
  try {
    use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Beside the ledger, which all workers of a gateway have in common. */
export function revocationStoreOf({ ledger }: Pick<GatewayConfig, 'ledger'>): RevocationStore {
  return new RevocationStore(join(ledger.directory, 'revoked.json'));
}

function revocationsIn(text: string): readonly Revocation[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value['version'] !== 1) return undefined;
  const { revoked } = value;
  return Array.isArray(revoked) && revoked.every(isRevocation) ? revoked : undefined;
}

const TEXTS: readonly string[] = ['issuer', 'subject', 'agent', 'tokenId', 'reason'];
const TIMES: readonly string[] = ['issuedBefore', 'until'];

function isRevocation(value: unknown): value is Revocation {
  if (!isRecord(value)) return false;
  const { id, ...rest } = value;
  if (typeof id !== 'string' || id === '') return false;
  return Object.entries(rest).every(([key, field]) =>
    TEXTS.includes(key)
      ? typeof field === 'string'
      : TIMES.includes(key) && Number.isSafeInteger(field) && Math.abs(Number(field)) <= 8.64e15,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
