import type { JsonPath } from '../masking/mask.js';
import { type ColumnName, pathsMeet, type RelationName, splitMember } from '../sql/names.js';
import { splitColumn } from './column-names.js';

/** A label on a column. `derived`: the column holds what was computed from a column with the label (in a view or materialised view). */
export interface ColumnLabel {
  readonly label: string;
  readonly how: 'same' | 'derived';
  /** Only this part of the JSON documents in the column. */
  readonly path?: JsonPath;
}

/** Labels of columns while they are being worked out. Labels are only ever added. */
export class LabelTable {
  readonly #columns = new Map<ColumnName, Map<string, ColumnLabel>>();
  #size = 0;

  /** How many labels all columns have together. */
  get size(): number {
    return this.#size;
  }

  labels(column: ColumnName): readonly ColumnLabel[] {
    return [...(this.#columns.get(column)?.values() ?? [])];
  }

  add(column: ColumnName, label: ColumnLabel): void {
    const labels = this.#columns.get(column) ?? new Map<string, ColumnLabel>();
    this.#columns.set(column, labels);
    const key = `${label.how} ${label.label} ${JSON.stringify(label.path ?? null)}`;
    if (labels.has(key)) return;
    labels.set(key, label);
    this.#size += 1;
  }

  /** Gives each of two columns the labels of the other. */
  share(a: ColumnName, b: ColumnName): void {
    for (const label of this.labels(a)) this.add(b, label);
    for (const label of this.labels(b)) this.add(a, label);
  }

  /** Gives `to` the labels of `from`, which may be a part of a document; by derivation, or unchanged. */
  carry(from: ColumnName, to: ColumnName, how: ColumnLabel['how']): void {
    const member = splitMember(from);
    for (const label of this.labels(member?.column ?? from)) {
      if (member !== undefined && label.path !== undefined && !pathsMeet(label.path, member.path)) continue;
      this.add(to, how === 'same' ? label : { label: label.label, how });
    }
  }

  freeze(): {
    readonly columns: ReadonlyMap<ColumnName, readonly ColumnLabel[]>;
    readonly columnsOf: ReadonlyMap<RelationName, readonly ColumnName[]>;
    readonly labels: readonly string[];
    readonly documents: ReadonlySet<ColumnName>;
  } {
    const columns = new Map<ColumnName, readonly ColumnLabel[]>();
    const columnsOf = new Map<RelationName, ColumnName[]>();
    const all = new Set<string>();
    const documents = new Set<ColumnName>();
    for (const column of this.#columns.keys()) {
      const labels = this.labels(column).toSorted((a, b) => compare(a.label, b.label) || compare(a.how, b.how));
      columns.set(column, labels);
      if (labels.some(({ path }) => path !== undefined)) documents.add(column);
      for (const { label } of labels) all.add(label);
      const { relation } = splitColumn(column);
      columnsOf.set(relation, [...(columnsOf.get(relation) ?? []), column]);
    }
    return { columns, columnsOf, labels: [...all].sort(), documents };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
