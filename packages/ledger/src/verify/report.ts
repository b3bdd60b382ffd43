/** How bad a finding is. The worst one decides the exit code. */
export type Severity = 'note' | 'gap' | 'fork' | 'invalid';

/** Exit codes of a verification: 0 in order, 20 something is missing that the log itself cannot prove, 30 another history was signed, 40 changed. */
export const EXIT_CODES = { note: 0, gap: 20, fork: 30, invalid: 40 } as const satisfies Record<Severity, number>;

/** Every kind of finding, with its severity. */
export const FINDINGS = {
  'key-missing': 'invalid',
  'key-malformed': 'invalid',
  'key-differs': 'invalid',
  'checkpoint-missing': 'invalid',
  'checkpoint-none': 'gap',
  'checkpoint-malformed': 'invalid',
  'checkpoint-signature': 'invalid',
  'checkpoint-behind': 'note',
  'checkpoint-torn': 'note',
  'retained-missing': 'invalid',
  'retained-malformed': 'invalid',
  'retained-signature': 'invalid',
  'retained-order': 'invalid',
  'key-epoch': 'fork',
  'rotations-malformed': 'invalid',
  'rotation-invalid': 'invalid',
  'rotation-differs': 'invalid',
  'rotation-pending': 'note',
  'other-origin': 'invalid',
  'log-truncated': 'fork',
  'log-forked': 'fork',
  'root-differs': 'invalid',
  'tile-missing': 'invalid',
  'tile-malformed': 'invalid',
  'tile-differs': 'invalid',
  'tile-unexpected': 'invalid',
  'tile-beyond-log': 'fork',
  'bundle-malformed': 'invalid',
  'entry-malformed': 'invalid',
  'wal-missing': 'gap',
  'wal-malformed': 'invalid',
  'wal-differs': 'invalid',
  'wal-incomplete': 'invalid',
  'wal-torn': 'note',
  'entries-unsigned': 'note',
  'seq-gap': 'gap',
  'seq-repeated': 'invalid',
  'clock-back': 'gap',
  silence: 'gap',
  'not-opened': 'gap',
  'not-closed': 'gap',
  'previous-differs': 'invalid',
  'outcome-unmatched': 'invalid',
  'outcome-missing': 'gap',
  'outcome-lost': 'note',
  'read-unmatched': 'invalid',
  'read-repeated': 'invalid',
  'transaction-repeated': 'invalid',
  'retention-malformed': 'invalid',
  'retention-differs': 'invalid',
  'before-retention': 'note',
  'approval-missing': 'invalid',
  'approval-digest': 'invalid',
  'approval-people': 'invalid',
  'approval-self': 'invalid',
  'approval-agent': 'invalid',
  'approval-group': 'invalid',
  'approval-rejected': 'invalid',
  'approval-late': 'invalid',
  'approval-reused': 'invalid',
  'disclosures-missing': 'gap',
  'values-missing': 'gap',
  'disclosure-malformed': 'invalid',
  'disclosure-changed': 'invalid',
  'disclosure-unexpected': 'invalid',
  'disclosure-torn': 'note',
} as const satisfies Record<string, Severity>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** For people: what is wrong and, where something can be done, what. Never a value. */
  readonly message: string;
  /** The file, relative to the ledger's directory. */
  readonly file?: string;
  /** The entry. */
  readonly seq?: number;
}

export interface Place {
  readonly file?: string;
  readonly seq?: number;
}

/** What a verification found. Plain data. */
export interface VerifyReport {
  readonly ok: boolean;
  readonly exitCode: 0 | 20 | 30 | 40;
  readonly directory: string;
  readonly origin: string | undefined;
  /** The key that was trusted, and who said so: the caller, or the directory itself (which proves nothing against whoever can write to it). */
  readonly verifier: { readonly key: string; readonly from: 'given' | 'directory' } | undefined;
  /** Every key of the log, the first one first. */
  readonly keys: readonly string[];
  /** The signed tree head that was verified. */
  readonly checkpoint: { readonly size: number; readonly root: string; readonly note: string } | undefined;
  /** All, those that were removed included. */
  readonly entries: number;
  /** Entries behind the checkpoint, which nothing is signed over yet. */
  readonly unsigned: number;
  /** How many retained checkpoints the log was compared with, by where they came from. */
  readonly retained: { readonly directory: number; readonly given: number };
  /** What entries say was removed: entries, and values of entries, before these. */
  readonly removed: { readonly entriesBefore: number; readonly valuesBefore: number };
  readonly counts: Readonly<Record<string, number>>;
  /** Entries with commitments whose values are not there (any more), and of how many of them no entry says that they were erased. */
  readonly redacted: { readonly entries: number; readonly unexplained: number; readonly first: readonly number[] };
  readonly findings: readonly Finding[];
  /** Findings beyond the first {@link MAX_FINDINGS}. */
  readonly omitted: number;
}

/** How many findings a report lists; a log that was replaced as a whole would have one per entry. */
export const MAX_FINDINGS = 1000;

/** An entry names something that was removed, so that it cannot be compared with it. */
export function noteRemoved(findings: Findings, seq: number, what: string): void {
  findings.add('before-retention', `${what} was removed with entries before it: the entry was not compared with it`, { seq });
}

/** Collects findings. */
export class Findings {
  readonly list: Finding[] = [];
  #omitted = 0;
  #worst: Severity = 'note';

  add(code: FindingCode, message: string, place: Place = {}): void {
    const severity = FINDINGS[code];
    if (EXIT_CODES[severity] > EXIT_CODES[this.#worst]) this.#worst = severity;
    if (this.list.length < MAX_FINDINGS) this.list.push({ code, severity, message, ...place });
    else this.#omitted += 1;
  }

  get omitted(): number {
    return this.#omitted;
  }

  get exitCode(): 0 | 20 | 30 | 40 {
    return EXIT_CODES[this.#worst];
  }
}
