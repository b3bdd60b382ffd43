import { createHash } from 'node:crypto';
import type { Revocation } from '@sqlwarden/core';
import { ConfigError, formatPath, type SourceProblem } from '../config/config-error.js';
import { checkDocument, readConfigFile } from '../config/read-document.js';

/** An entry as it is written: what `revocations.schema.json` lets through. */
interface RevocationSource extends Omit<Revocation, 'id' | 'until' | 'issuedBefore'> {
  readonly until?: string;
  readonly issuedBefore?: string;
}

export interface RevocationsFile {
  readonly revocations: readonly Revocation[];
  /** Hex, of the file's bytes. */
  readonly sha256: string;
}

/** Reads a file of revocations. Throws a {@link ConfigError} with every problem of it. */
export function loadRevocations(file: string): RevocationsFile {
  const bytes = readConfigFile(file);
  const checked = checkDocument(bytes, file, 'revocations');
  if (!checked.ok) throw new ConfigError('config-invalid', checked.problems);
  const { revoked } = checked.source.value as { readonly revoked: readonly RevocationSource[] };
  const problems = revoked.flatMap((entry, index): SourceProblem[] => {
    const message = entryProblem(entry);
    const where = ['revoked', index];
    return message === undefined ? [] : [{ file, ...checked.source.locate(where), path: formatPath(where), message }];
  });
  if (problems.length > 0) throw new ConfigError('config-invalid', problems);
  return { revocations: revoked.map(revocationOf), sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Why an entry keeps nobody out, or everybody. */
export function entryProblem({ subject, agent, tokenId, issuer, issuedBefore, until }: RevocationSource): string | undefined {
  if (subject === undefined && agent === undefined && tokenId === undefined && issuedBefore === undefined)
    return 'does not say whom; write subject, agent, tokenId, or issuer with issuedBefore';
  if (subject === undefined && agent === undefined && tokenId === undefined && issuer === undefined)
    return 'would speak of every issuer; write issuer beside issuedBefore';
  for (const time of [issuedBefore, until])
    if (time !== undefined && Number.isNaN(Date.parse(time))) return 'has a time that there is not; write one such as 2026-12-31T00:00:00Z';
  return undefined;
}

/** Called by what it says, so that it has the same id wherever and whenever it is read. */
function revocationOf(source: RevocationSource): Revocation {
  const { until, issuedBefore, ...rest } = source;
  const digest = createHash('sha256').update(JSON.stringify(Object.entries(source).toSorted()));
  return {
    id: `file-${digest.digest('hex').slice(0, 8)}`,
    ...rest,
    ...(issuedBefore === undefined ? {} : { issuedBefore: Date.parse(issuedBefore) }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
  };
}
