import { type SchemaChanged, splitName } from '@sqlwarden/core';
import type { Act } from '../index-files/act.js';
import { type LedgerEntry, readEntry } from '../read.js';
import type { CommitState, DoneOutcome, StatementAccount } from './account.js';
import { Accounts, type UnitContext } from './accounts.js';
import { accountOf } from './search.js';
import type { Selection } from './selection.js';
import {
  isNamed,
  mayTouchAnything,
  type NameQuestion,
  relationOf,
  type Touch,
  type Touching,
  touchOfColumn,
  touchOfRelation,
} from './touches.js';
import { type IndexUse, newIndexUse, type QueryOptions, UnitSource } from './unit-source.js';

/**
 * What an auditor asks about. `relation` and `column`: everything that changed or read it. `change`: only what changed its definition (a table,
 * view, function, column, …). `statement`: one unit, by the `seq` of its entry. Names may begin with the upstream or the database.
 */
export type WhyQuestion =
  | { readonly about: 'relation' | 'column' | 'change'; readonly name: string }
  | { readonly about: 'statement'; readonly seq: number };

export interface WhyOptions extends QueryOptions {
  readonly from?: number;
  readonly to?: number;
  /** How many units of each kind to list, the newest ones. Default 20. */
  readonly limit?: number;
  /** Also changes that were rolled back, failed, or have not been committed yet. */
  readonly uncommitted?: boolean;
  /** Filled in with what the answer relies on. */
  readonly use?: IndexUse;
}

/** A unit, and what it did to what was asked about. */
export interface WhyStatement extends StatementAccount {
  readonly touch: Touch;
}

export interface WhySchemaChange {
  /** Which log, where several are asked. */
  readonly log?: string;
  readonly seq: number;
  readonly time: number;
  readonly upstream: string;
  /** The unit that did it; absent when it was done outside of the gateway, or cannot be told. */
  readonly intent: number | undefined;
  readonly changes: SchemaChanged['changes'];
}

/** Counts over the whole range, not only over what is listed. */
export interface WhyTotals {
  readonly changes: number;
  readonly reads: number;
  readonly maskedReads: number;
  readonly refused: number;
  /** Changes that are not listed because they did not come to be. */
  readonly rolledBack: number;
  readonly failed: number;
  readonly open: number;
  /** Units that ran and could not be seen through: they may have touched it. */
  readonly unclear: number;
}

export interface WhyAnswer {
  readonly question: WhyQuestion;
  readonly entries: number;
  readonly range: { readonly from: number | undefined; readonly to: number | undefined };
  /** Committed changes (and those of which nobody knows), oldest first. */
  readonly changes: readonly WhyStatement[];
  readonly reads: readonly WhyStatement[];
  readonly refused: readonly WhyStatement[];
  readonly schemaChanges: readonly WhySchemaChange[];
  /** Labels that columns asked about have had, and columns with them. */
  readonly labels: readonly { readonly label: string; readonly columns: readonly string[] }[];
  readonly totals: WhyTotals;
}

const DEFAULT_LIMIT = 20;

/**
 * Answers from the log, which it reads once: of segments that have an index only what that names, and of reads only the newest, as an index has what
 * is counted of the others. Throws as `readEntries` does, and a `SyntaxError` for a malformed name.
 */
export async function why(directory: string, question: WhyQuestion, options: WhyOptions = {}): Promise<WhyAnswer> {
  if (question.about === 'statement') return whyStatement(directory, question, options);
  const collector = new Collector(question, options);
  const source = new UnitSource(directory, collector.selection(), collector.accounts, options.use);
  for await (const { entry, context } of source.read(options)) collector.add(entry, context);
  return collector.answer(source.use.entries, (seq) => accountOf(directory, seq));
}

async function whyStatement(
  directory: string,
  question: WhyQuestion & { readonly about: 'statement' },
  { use = newIndexUse(), ...options }: WhyOptions,
): Promise<WhyAnswer> {
  const account = await accountOf(directory, question.seq, options);
  const changing = account.facts.some(
    (facts) => facts.class !== 'read' && (facts.writes.length > 0 || facts.schemaChanges.length > 0 || facts.class !== 'session'),
  );
  const collector = new Collector(question, { uncommitted: true });
  collector.take(account, { kind: changing ? 'change' : 'read', uses: account.facts.map(({ action }) => action) });
  // A read changes no schema.
  const { event } = await readEntry(directory, account.seq);
  if (event.type === 'statement.intent') {
    const selection: Selection = { ...NOTHING, since: account.seq, schemaChange: ({ intent }) => intent === account.seq };
    for await (const { entry } of new UnitSource(directory, selection, new Accounts(() => false), use).read(options)) {
      if (entry.event.type === 'schema.changed' && entry.event.intent === account.seq) collector.takeSchemaChange(entry.event);
    }
  }
  return collector.answer(0, (seq) => accountOf(directory, seq));
}

const NOTHING: Selection = { act: () => false, who: () => false };

/** What of an act or an account says which labels it has seen. */
type Labelled = Pick<Act, 'database' | 'masks' | 'protectedColumns' | 'upstream'>;

/** Sorts accounts into an answer; keeps the newest of each kind. */
class Collector {
  readonly #question: WhyQuestion;
  readonly #options: WhyOptions;
  readonly #name: NameQuestion;
  readonly accounts: Accounts;
  readonly #limit: number;
  readonly #changes: WhyStatement[] = [];
  /** Those that were only counted have to be read yet. */
  readonly #reads: { readonly seq: number; readonly statement?: WhyStatement }[] = [];
  readonly #refused: WhyStatement[] = [];
  readonly #schemaChanges: WhySchemaChange[] = [];
  readonly #labels = new Map<string, Set<string>>();
  readonly #totals = { changes: 0, reads: 0, maskedReads: 0, refused: 0, rolledBack: 0, failed: 0, open: 0, unclear: 0 };
  /** What an act of an index adds to the answer. */
  readonly #effects = new WeakMap<Act, Touch | 'unclear' | 'nothing'>();
  readonly #labelled = new WeakSet<Act>();

  constructor(question: WhyQuestion, options: WhyOptions) {
    this.#question = question;
    this.#options = options;
    this.#limit = options.limit ?? DEFAULT_LIMIT;
    this.#name = question.about === 'statement' ? [] : splitName(question.name);
    this.accounts = new Accounts(
      (account) => this.#inRange(account.time) && (this.#touch(account) !== undefined || mayTouchAnything(account)),
    );
  }

  /** What has to be read. Reads are counted by their act, and only the newest are read. */
  selection(): Selection {
    return {
      act: (act) => this.#effectOf(act) !== 'nothing',
      who: () => true,
      from: this.#options.from,
      to: this.#options.to,
      schemaChange: ({ upstream, time, names }) =>
        this.#inRange(time) && (names === null || names.some((name) => this.#concerns(name, { upstream, database: '' }))),
      tally: (act, seq) => this.#tally(act, seq),
    };
  }

  add(entry: LedgerEntry, context: UnitContext | undefined): void {
    if (entry.event.type === 'schema.changed' && this.#inRange(entry.event.time)) this.takeSchemaChange(entry.event);
    for (const account of this.accounts.add(entry, context)) this.take(account, this.#touch(account));
  }

  takeSchemaChange(event: SchemaChanged): void {
    const space = { upstream: event.upstream, database: '' };
    const changes = this.#name.length === 0 ? event.changes : event.changes.filter(({ name }) => this.#concerns(name, space));
    if (changes.length === 0) return;
    keep(this.#schemaChanges, { seq: event.seq, time: event.time, upstream: event.upstream, intent: event.intent, changes }, this.#limit);
  }

  take(account: StatementAccount, touch: Touch | undefined): void {
    if (touch === undefined) {
      if (account.outcome.kind !== 'refused') this.#totals.unclear += 1;
      return;
    }
    this.#takeLabels(account);
    const statement: WhyStatement = { ...account, touch };
    if (account.outcome.kind === 'refused') {
      this.#totals.refused += 1;
      keep(this.#refused, statement, this.#limit);
    } else if (touch.kind === 'read') {
      this.#totals.reads += 1;
      if (this.#isMaskedRead(account)) this.#totals.maskedReads += 1;
      this.#keepRead({ seq: account.seq, statement });
    } else {
      this.#takeChange(statement);
    }
  }

  /** `entries`: how many the answer is about. `account` reads what was only counted. */
  async answer(entries: number, account: (seq: number) => Promise<StatementAccount>): Promise<WhyAnswer> {
    for (const open of this.accounts.end()) this.take(open, this.#touch(open));
    const reads: WhyStatement[] = [];
    for (const { seq, statement } of this.#newestReads()) {
      if (statement !== undefined) {
        reads.push(statement);
        continue;
      }
      const read = await account(seq);
      reads.push({ ...read, touch: this.#touch(read) ?? { kind: 'read', uses: [] } });
    }
    const labels = [...this.#labels]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([label, columns]) => ({ label, columns: [...columns].sort() }));
    return {
      question: this.#question,
      entries,
      range: { from: this.#options.from, to: this.#options.to },
      changes: this.#changes,
      reads,
      refused: this.#refused,
      schemaChanges: this.#schemaChanges,
      labels,
      totals: { ...this.#totals },
    };
  }

  #tally(act: Act, seq: number): boolean {
    const effect = this.#effectOf(act);
    if (effect === 'unclear') this.#totals.unclear += 1;
    if (typeof effect === 'string') return true;
    if (effect.kind === 'change') return false;
    if (!this.#labelled.has(act)) this.#takeLabels(act);
    this.#labelled.add(act);
    this.#totals.reads += 1;
    if (this.#isMaskedRead(act)) this.#totals.maskedReads += 1;
    this.#keepRead({ seq });
    return true;
  }

  #effectOf(act: Act): Touch | 'unclear' | 'nothing' {
    let effect = this.#effects.get(act);
    if (effect === undefined) {
      effect = this.#touch(act) ?? (mayTouchAnything(act) ? 'unclear' : 'nothing');
      this.#effects.set(act, effect);
    }
    return effect;
  }

  /** Keeps the newest ones, now and then. */
  #keepRead(read: { readonly seq: number; readonly statement?: WhyStatement }): void {
    this.#reads.push(read);
    if (this.#reads.length >= 2 * this.#limit + 64) this.#reads.splice(0, Number.POSITIVE_INFINITY, ...this.#newestReads());
  }

  #newestReads(): { readonly seq: number; readonly statement?: WhyStatement }[] {
    return this.#reads.toSorted((one, other) => one.seq - other.seq).slice(-this.#limit);
  }

  #takeChange(statement: WhyStatement): void {
    const state = changeState(statement);
    if (state === 'made') this.#totals.changes += 1;
    else this.#totals[state] += 1;
    if (state === 'made' || this.#options.uncommitted === true) keep(this.#changes, statement, this.#limit);
  }

  #takeLabels(account: Labelled): void {
    const add = (label: string, column: string): void => {
      if (this.#name.length > 0 && !this.#concerns(column, account)) return;
      const columns = this.#labels.get(label) ?? new Set();
      this.#labels.set(label, columns.add(column));
    };
    for (const { column, label } of account.protectedColumns) add(label, column);
    for (const { label, sources } of account.masks) for (const source of sources) add(label, source);
  }

  /** True for the thing itself, and for a column of a relation that is asked about. */
  #concerns(name: string, space: { readonly upstream: string; readonly database: string }): boolean {
    if (isNamed(this.#name, name, space)) return true;
    const relation = this.#question.about === 'column' ? '' : relationOf(name);
    return relation !== '' && isNamed(this.#name, relation, space);
  }

  #touch(account: Touching): Touch | undefined {
    if (this.#question.about === 'column') return touchOfColumn(this.#name, account);
    const touch = touchOfRelation(this.#name, account);
    if (this.#question.about !== 'change') return touch;
    return definitionTouch(this.#name, account);
  }

  #isMaskedRead(account: Labelled): boolean {
    return account.masks.some(({ sources }) => sources.some((source) => this.#name.length === 0 || this.#concerns(source, account)));
  }

  #inRange(time: number): boolean {
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = this.#options;
    return time >= from && time <= to;
  }
}

/** What changed the definition of a relation, routine or column of that name. */
function definitionTouch(name: NameQuestion, account: Touching): Touch | undefined {
  const uses = new Set<string>();
  for (const { schemaChanges } of account.facts) {
    for (const change of schemaChanges) {
      if (isNamed(name, change.name, account)) uses.add(`${change.operation} ${change.kind}`);
    }
  }
  const column = name.length > 1 ? touchOfColumn(name, account) : undefined;
  for (const use of column?.uses ?? []) if (use.includes(' ')) uses.add(use);
  return uses.size === 0 ? undefined : { kind: 'change', uses: [...uses] };
}

/** `made`: it was committed, or may have been. */
function changeState({ outcome, transaction }: StatementAccount): 'made' | 'rolledBack' | 'failed' | 'open' {
  if (outcome.kind === 'done' && (outcome.status === 'error' || outcome.status === 'cancelled') && !mayHaveStayed(outcome, transaction.end))
    return 'failed';
  if (transaction.end === 'rolled-back') return 'rolledBack';
  if (transaction.end === 'open') return 'open';
  return 'made';
}

/**
 * A unit that failed may leave what its statements did before: where one of them ended the transaction or made a savepoint, and where a
 * procedure committed a part of its work. Without a code it was not the server that ended it: it never ran.
 */
function mayHaveStayed({ statements, errorCode }: DoneOutcome, end: CommitState): boolean {
  if (end === 'unknown') return errorCode !== undefined;
  return (end === 'committed' || end === 'open') && statements.some(({ command }) => command !== '');
}

/** Keeps the newest `limit` of a list, oldest first: one that waited for its transaction may come behind newer ones. */
function keep<T extends { readonly seq: number }>(list: T[], item: T, limit: number): void {
  list.splice(list.findLastIndex(({ seq }) => seq < item.seq) + 1, 0, item);
  if (list.length > limit) list.shift();
}
