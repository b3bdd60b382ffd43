import { commitmentsOf, type Disclosure, disclosedBytes, type LedgerEvent, openedBy } from '@sqlwarden/core';
import { sha256 } from './node-crypto.js';

/** What the values beside an entry say of it. */
export interface OpenedDisclosures {
  /** The event with fields that were withheld for their size put back, where their values are still there. */
  readonly event: LedgerEvent;
  /** Those that open a commitment of the event. */
  readonly disclosures: readonly Disclosure[];
  /** Names of commitments that nothing opens: their values were erased. */
  readonly redacted: readonly string[];
  /** How many disclosures open nothing: they were changed, or belong to another entry. */
  readonly strangers: number;
}

/**
 * Matches disclosures with the commitments of an event, those in its withheld fields included. Takes one hash per disclosure: an entry may
 * have tens of thousands of them.
 */
export function openDisclosures(event: LedgerEvent, kept: readonly Disclosure[]): OpenedDisclosures {
  const byCommitment = new Map<string, Disclosure>();
  for (const disclosure of kept) {
    const opened = openedBy(sha256, disclosure);
    if (opened !== undefined) byCommitment.set(keyOf(disclosure.name, opened.commitment), disclosure);
  }
  // Only what was committed to is put back, and only then are the commitments in it the entry's own.
  const whole = putBack(
    event,
    commitmentsOf(event).flatMap(({ name, commitment }) => byCommitment.get(keyOf(name, commitment)) ?? []),
  );
  const disclosures: Disclosure[] = [];
  const redacted: string[] = [];
  for (const { name, commitment } of commitmentsOf(whole)) {
    const disclosure = byCommitment.get(keyOf(name, commitment));
    if (disclosure === undefined) redacted.push(name);
    else disclosures.push(disclosure);
  }
  return { event: whole, disclosures, redacted, strangers: kept.length - disclosures.length };
}

function keyOf(name: string, commitment: string): string {
  return `${name}\0${commitment}`;
}

function putBack(event: LedgerEvent, disclosures: readonly Disclosure[]): LedgerEvent {
  const fields = (event.withheld ?? []).flatMap(({ field }) => {
    const disclosure = disclosures.find(({ name }) => name === `withheld.${field}`);
    const bytes = disclosure === undefined ? undefined : disclosedBytes(disclosure.value);
    return bytes === undefined ? [] : [[field, JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown] as const];
  });
  return fields.length === 0 ? event : { ...event, ...Object.fromEntries(fields) };
}
