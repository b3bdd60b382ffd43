import { joinName, type Principal, splitMember, splitName, type StatementFacts } from '@sqlwarden/core';
import type { StatementAccount } from './account.js';

/** Whose reads, or reads of what: a training run, job or conversation; somebody or something in a principal; a label. */
export interface ReportQuestion {
  readonly about: 'run' | 'identity' | 'label';
  readonly name: string;
}

/** Since when, until when, and how often. */
export interface Span {
  readonly units: number;
  readonly from: number;
  readonly to: number;
}

export interface ReadColumn {
  readonly column: string;
  readonly units: number;
  readonly uses: readonly string[];
  readonly labels: readonly string[];
  /** How it was masked where it was returned, and in how many units. */
  readonly masks: readonly { readonly function: string; readonly label: string; readonly units: number }[];
}

export interface ReadTable extends Span {
  readonly upstream: string;
  readonly database: string;
  readonly relation: string;
  /** Of the statements that read it, also where they read something else as well. */
  readonly rowsReturned: number;
  readonly columns: readonly ReadColumn[];
}

/** What units have read, all in all. Plain data. */
export interface ReadReport {
  readonly question: ReportQuestion;
  readonly totals: {
    readonly units: number;
    readonly refused: number;
    /** Ended by an error, cancelled, or of an end that nobody knows. */
    readonly failed: number;
    /** Could not be seen through, or their facts were erased: they may have read more than is said here. */
    readonly unclear: number;
    readonly rowsReturned: number;
    readonly bytesReturned: number;
    readonly maskedCells: number;
  };
  /** Everybody behind them, with proofs and models; without what is of one token only. */
  readonly principals: readonly (Span & { readonly principal: Principal })[];
  readonly policies: readonly (Span & { readonly policy: string })[];
  readonly labels: readonly (Span & { readonly label: string })[];
  readonly tables: readonly ReadTable[];
  readonly written: readonly (Span & { readonly upstream: string; readonly database: string; readonly relation: string })[];
}

/** Adds up what units have read, whatever there is of them: only what is different is kept. */
export async function readReport(question: ReportQuestion, accounts: AsyncIterable<StatementAccount>): Promise<ReadReport> {
  const report = new Report();
  for await (const account of accounts) report.add(account);
  return report.result(question);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Column {
  readonly column: string;
  units: number;
  readonly uses: Set<string>;
  readonly labels: Set<string>;
  readonly masks: Map<string, { readonly function: string; readonly label: string; units: number }>;
}

interface Table extends Mutable<Span> {
  readonly upstream: string;
  readonly database: string;
  readonly relation: string;
  rowsReturned: number;
  readonly columns: Map<string, Column>;
}

class Report {
  readonly #totals = { units: 0, refused: 0, failed: 0, unclear: 0, rowsReturned: 0, bytesReturned: 0, maskedCells: 0 };
  readonly #principals = new Spans<{ readonly principal: Principal }>();
  readonly #policies = new Spans<{ readonly policy: string }>();
  readonly #labels = new Spans<{ readonly label: string }>();
  readonly #written = new Spans<Pick<Table, 'upstream' | 'database' | 'relation'>>();
  readonly #tables = new Spans<Pick<Table, 'upstream' | 'database' | 'relation' | 'rowsReturned' | 'columns'>>();

  add(account: StatementAccount): void {
    const { outcome, time, policy, labels } = account;
    this.#totals.units += 1;
    this.#principals.add(JSON.stringify(lasting(account.principal)), time, () => ({ principal: lasting(account.principal) }));
    this.#policies.add(policy, time, () => ({ policy }));
    if (account.factsErased || account.facts.some(({ opaque }) => opaque.length > 0)) this.#totals.unclear += 1;
    if (outcome.kind === 'refused') {
      this.#totals.refused += 1;
      return;
    }
    for (const label of labels) this.#labels.add(label, time, () => ({ label }));
    if (outcome.kind !== 'done' || outcome.status !== 'ok') this.#totals.failed += 1;
    if (outcome.kind === 'done') {
      this.#totals.rowsReturned += outcome.statements.reduce((sum, { rowsReturned }) => sum + rowsReturned, 0);
      this.#totals.bytesReturned += outcome.bytesReturned;
      this.#totals.maskedCells += outcome.maskedCells;
    }
    this.#addTables(account);
  }

  result(question: ReportQuestion): ReadReport {
    const tables = this.#tables.all.map(
      ({ columns, ...table }): ReadTable => ({
        ...table,
        columns: [...columns.values()]
          .map(({ uses, labels, masks, ...column }) => ({
            ...column,
            uses: [...uses].sort(),
            labels: [...labels].sort(),
            masks: [...masks.values()],
          }))
          .sort((one, other) => (one.column < other.column ? -1 : 1)),
      }),
    );
    return {
      question,
      totals: { ...this.#totals },
      principals: this.#principals.all,
      policies: this.#policies.all,
      labels: this.#labels.all.sort((one, other) => (one.label < other.label ? -1 : 1)),
      tables: tables.sort((one, other) => (one.relation < other.relation ? -1 : 1)),
      written: this.#written.all,
    };
  }

  #addTables(account: StatementAccount): void {
    const { upstream, database, time } = account;
    const rows = new Map<string, number>();
    const columns = new Map<string, Set<string>>();
    const written = new Set<string>();
    for (const [at, facts] of account.facts.entries()) {
      for (const relation of readBy(facts)) rows.set(relation, (rows.get(relation) ?? 0) + rowsOf(account, at));
      for (const relation of facts.writes) written.add(relation);
      for (const { column, use } of facts.columns)
        if (use !== 'write-target') columns.set(column, (columns.get(column) ?? new Set()).add(use));
    }
    for (const relation of written)
      this.#written.add(JSON.stringify([upstream, database, relation]), time, () => ({ upstream, database, relation }));
    const tables = new Map<string, Pick<Table, 'columns'>>();
    for (const [relation, returned] of rows) {
      const key = JSON.stringify([upstream, database, relation]);
      const table = this.#tables.add(key, time, () => ({
        upstream,
        database,
        relation,
        rowsReturned: 0,
        columns: new Map<string, Column>(),
      }));
      table.rowsReturned += returned;
      tables.set(relation, table);
    }
    for (const [name, uses] of columns) {
      const column = columnIn(tables.get(relationOf(name)), name);
      if (column === undefined) continue;
      column.units += 1;
      for (const use of uses) column.uses.add(use);
    }
    addProtection(account, (name) => columnIn(tables.get(relationOf(name)), name));
  }
}

/** Labels of columns, and masks that stood before them: those once per unit. */
function addProtection({ masks, protectedColumns }: StatementAccount, columnOf: (name: string) => Column | undefined): void {
  for (const { column, label } of protectedColumns) columnOf(column)?.labels.add(label);
  const seen = new Set<string>();
  for (const { function: name, label, sources } of masks) {
    for (const source of sources) {
      const column = columnOf(source);
      const key = JSON.stringify([name, label]);
      if (column === undefined || seen.has(key + source)) continue;
      seen.add(key + source);
      column.labels.add(label);
      const mask = column.masks.get(key) ?? { function: name, label, units: 0 };
      column.masks.set(key, mask);
      mask.units += 1;
    }
  }
}

function columnIn(table: Pick<Table, 'columns'> | undefined, name: string): Column | undefined {
  if (table === undefined) return undefined;
  const column = table.columns.get(name) ?? { column: name, units: 0, uses: new Set(), labels: new Set(), masks: new Map() };
  table.columns.set(name, column);
  return column;
}

/** The relations that a statement reads, also those of which only columns are named. */
function readBy({ reads, columns }: StatementFacts): ReadonlySet<string> {
  return new Set([...reads, ...columns.filter(({ use }) => use !== 'write-target').map(({ column }) => relationOf(column))]);
}

/** What the statement of a unit returned; the whole unit where it is not told apart. */
function rowsOf({ facts, outcome }: StatementAccount, at: number): number {
  if (outcome.kind !== 'done') return 0;
  const { statements } = outcome;
  if (statements.length === facts.length) return statements[at]?.rowsReturned ?? 0;
  return statements.reduce((sum, { rowsReturned }) => sum + rowsReturned, 0);
}

function relationOf(column: string): string {
  try {
    return joinName(...splitName(splitMember(column)?.column ?? column).slice(0, -1));
  } catch {
    // Facts may carry a name as it was written.
    return '';
  }
}

/** Without what differs from token to token. */
function lasting({ expiresAt: _e, tokenId: _t, issuedAt: _i, ...principal }: Principal): Principal {
  return { ...principal, expiresAt: 0 };
}

/** Different things, each with how many units it was in, and since when and until when. */
class Spans<T extends object> {
  readonly #byKey = new Map<string, T & Mutable<Span>>();

  add(key: string, time: number, first: () => T): T & Mutable<Span> {
    let known = this.#byKey.get(key);
    if (known === undefined) {
      known = { ...first(), units: 0, from: time, to: time };
      this.#byKey.set(key, known);
    }
    known.units += 1;
    known.from = Math.min(known.from, time);
    known.to = Math.max(known.to, time);
    return known;
  }

  get all(): (T & Span)[] {
    return [...this.#byKey.values()];
  }
}
