import type { AdmittedStatement, AssertedIntent, ParsedUnit, UnitFacts, Verdict } from '@sqlwarden/core';

/** What was decided for one text, session state, rights, policy and catalogue. Immutable, shared by every unit that it fits. */
export interface Decision {
  /** The upstream's epoch it was made in: policy and catalogue of that moment. */
  readonly epoch: number;
  readonly catalogueVersion: number;
  /** The session state it was made for, with the cursors and prepared statements that had names. */
  readonly stateId: number;
  readonly names: string;
  readonly parameterTypes: readonly number[];
  /** State was changed in the transaction that it was made in. */
  readonly stateChanged: boolean;
  /** Equal for results that are masked alike. */
  readonly maskKey: string;
  readonly text: string;
  /** Kept only where something later runs what the unit prepares. */
  readonly unit: ParsedUnit | undefined;
  /** Absent when the text was not understood. */
  readonly facts: UnitFacts | undefined;
  readonly verdict: Verdict;
  /** What the text says of why it is run. */
  readonly asserted: AssertedIntent | undefined;
  readonly statements: readonly AdmittedStatement[];
  readonly cleanTexts: boolean;
  readonly elevated: boolean;
  readonly changesSchema: boolean;
  /** The intent must be on stable storage before the unit is forwarded. */
  readonly durable: boolean;
  /** Hex SHA-256 of the text's shape. */
  readonly fingerprint: string;
  /** Of the relations that the unit touches; part of what an approval is bound to. */
  readonly schemaDigest: string;
}

/** How often a decision was there when a unit asked for it, and how often it had to be made. Only ever goes up. */
export interface DecisionCounts {
  readonly found: number;
  readonly made: number;
}

/** Counts over all caches of an upstream, those that were thrown away with their schema too. */
export class DecisionCounter implements DecisionCounts {
  found = 0;
  made = 0;
}

interface Entry {
  readonly byKey: Map<string, Decision>;
}

/**
 * Decisions by exact text. Bounded by texts and by characters; the least recently used go first. Emptied whenever policy or catalogue change.
 */
export class DecisionCache {
  readonly #maxTexts: number;
  readonly #maxCharacters: number;
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  constructor(limits: { readonly maxTexts: number; readonly maxCharacters: number }) {
    this.#maxTexts = limits.maxTexts;
    this.#maxCharacters = limits.maxCharacters;
  }

  get(text: string, key: string): Decision | undefined {
    const entry = this.#entries.get(text);
    if (entry === undefined) return undefined;
    // Re-inserting keeps the map in order of use; skipped while the cache is half empty, where order does not matter yet.
    if (this.#entries.size > this.#maxTexts / 2) {
      this.#entries.delete(text);
      this.#entries.set(text, entry);
    }
    return entry.byKey.get(key);
  }

  set(text: string, key: string, decision: Decision): void {
    if (text.length > this.#maxCharacters / 8) return;
    let entry = this.#entries.get(text);
    if (entry === undefined) {
      entry = { byKey: new Map() };
      this.#entries.set(text, entry);
      this.#characters += text.length;
    }
    if (entry.byKey.size >= MAX_KEYS_PER_TEXT) entry.byKey.clear();
    entry.byKey.set(key, decision);
    this.#evict();
  }

  clear(): void {
    this.#entries.clear();
    this.#characters = 0;
  }

  #evict(): void {
    for (const text of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxTexts && this.#characters <= this.#maxCharacters) return;
      this.#entries.delete(text);
      this.#characters -= text.length;
    }
  }
}

/** One text under so many different rights and states is unusual; starting over is cheaper than order among them. */
const MAX_KEYS_PER_TEXT = 64;
