import type { CatalogueQuery, ParseText, ReadCatalogueOptions } from '@sqlwarden/core';
import { changesBetween, digestSql, readDigest } from './digest.js';
import { type Made, madeReady } from './made-ready.js';
import { STORED_CODE_SQL } from './queries.js';
import { inReadingSession } from './reading-session.js';
import { readChanges, readEverything, type Reading } from './refresh.js';
import { isPostgresCatalogue, type PostgresCatalogue } from './resolved-catalogue.js';
import type { Row } from './rows.js';
import type { Stored } from './stored.js';

/** A reader of PostgreSQL's catalogues. */
export type PostgresCatalogueReader = (
  query: CatalogueQuery,
  version: number,
  parse: ParseText,
  options?: ReadCatalogueOptions,
) => Promise<PostgresCatalogue>;

/**
 * Makes a reader of catalogues (`Dialect.createCatalogueReader`). What has not changed since the catalogue that it is given is taken from that:
 * the server says by digests of neighbouring objects which of them have other rows than then, and those are read again, with the definitions of
 * what names them. The statements may run inside a transaction of a client: settings that are changed meanwhile are put back. A view whose
 * definition cannot be read (it is locked) or understood has none, and is opaque.
 *
 * What is read while somebody else changes it is never older than its digest, so that the next reading reads it once more.
 */
export function createCatalogueReader(wanted = { setters: false }): PostgresCatalogueReader {
  const stored = new WeakMap<PostgresCatalogue, Stored>();
  const sql = digestSql(randomSeed(), wanted.setters);
  return async (query, version, parse, { from, whole = false, isInTransaction = false, isOlder = false } = {}) => {
    const digest = readDigest(await query(sql));
    if (isOlder && isInTransaction && digest.isFixed) throw new OlderTransactionError();
    const before = from !== undefined && isPostgresCatalogue(from) ? madeBefore(from, stored) : undefined;
    const changes = before === undefined || whole ? 'everything' : changesBetween(before.stored.digest, digest);
    if (before !== undefined && changes === 'nothing') return before.resolved;
    return inReadingSession(query, digest, isInTransaction, async (session) => {
      // What is incomplete says nothing of what it lacks.
      const isPart = before !== undefined && changes !== 'everything' && changes !== 'nothing' && before.resolved.isIncomplete !== true;
      const part = isPart ? await readChanges(session, digest, parse, before.stored, changes) : undefined;
      const reading = part ?? (await readEverything(session, digest, parse, before?.stored));
      const storedCode = wanted.setters ? await session.query(STORED_CODE_SQL) : undefined;
      const resolved = result(reading, version, storedCode, part === undefined ? undefined : before);
      stored.set(resolved, reading.stored);
      return resolved;
    });
  };
}

/** A transaction that sees rows as they were when it began cannot read what its statements mean now. */
export class OlderTransactionError extends Error {
  constructor() {
    super('the schema was changed by others since the transaction began, whose isolation level hides it; roll back and try again');
    this.name = 'OlderTransactionError';
  }
}

function madeBefore(resolved: PostgresCatalogue, all: WeakMap<PostgresCatalogue, Stored>): Made | undefined {
  const stored = all.get(resolved);
  return stored === undefined ? undefined : { stored, resolved };
}

/** The catalogue of a reading; the one before where all that it holds is the same. */
function result(
  { stored, isIncomplete }: Reading,
  version: number,
  storedCode: readonly Row[] | undefined,
  before: Made | undefined,
): PostgresCatalogue {
  const isSame = before !== undefined && !isIncomplete && storedCode === undefined && hasSame(before.stored, stored);
  return isSame ? before.resolved : madeReady(stored, isIncomplete, version, storedCode, before);
}

function hasSame(before: Stored, now: Stored): boolean {
  const parts = Object.keys(now) as (keyof Stored)[];
  return parts.every((part) => part === 'digest' || before[part] === now[part]);
}

function randomSeed(): bigint {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (BigInt(high) << 30n) ^ BigInt(low);
}
