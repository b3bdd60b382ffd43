import type { Catalogue, CatalogueRelation, RelationKind } from '../catalog/catalogue.js';
import type { Origin, StatementFacts } from '../sql/facts.js';
import { type ColumnName, joinName, pathsMeet, type RelationName, splitMember } from '../sql/names.js';
import { splitColumn } from './column-names.js';
import type { Classification, CompiledPolicy } from './compiled.js';
import { type ColumnLabel, LabelTable } from './label-table.js';
import { matchesName, matchesPart } from './pattern.js';

/** The labels of every column of one upstream, for one policy and one catalogue. Only columns that have labels are listed. */
export interface ProtectionMap {
  readonly upstream: string;
  readonly columns: ReadonlyMap<ColumnName, readonly ColumnLabel[]>;
  readonly columnsOf: ReadonlyMap<RelationName, readonly ColumnName[]>;
  /** Columns of whose JSON documents only parts have labels: for these facts have to say which parts are read. */
  readonly documents: ReadonlySet<ColumnName>;
  /** Every label that some column has, sorted. */
  readonly labels: readonly string[];
  /** The catalogue's own: tells a column without labels from one that the catalogue has not seen. */
  readonly relations: ReadonlyMap<RelationName, CatalogueRelation>;
}

/** The base columns behind each column of a view, by position; what an adapter's `relationOutputs` gives. */
export type RelationOutputs = (relation: RelationName, documents: ReadonlySet<ColumnName>) => StatementFacts['outputs'];

type Traits = { readonly rows: boolean; readonly query: boolean };
/** Which kinds of relations have rows of their own columns to classify, and which are defined by a query. */
const TRAITS = {
  table: { rows: true, query: false },
  partitioned: { rows: true, query: false },
  view: { rows: true, query: true },
  'materialized-view': { rows: true, query: true },
  'foreign-table': { rows: true, query: false },
  sequence: { rows: false, query: false },
  composite: { rows: false, query: false },
  index: { rows: false, query: false },
  system: { rows: true, query: false },
} as const satisfies Record<RelationKind, Traits>;

/**
 * Works out the labels of every column: by the policy's patterns; the same for same-named columns up and down a hierarchy of inheritance or
 * partitions (reading a parent reads its children's rows); for views and materialised views by what their columns derive from. A pattern
 * that names a view's column labels the base columns behind it too, because statements are understood in terms of those.
 *
 * Labels are those of the names as they are now: call it again when the catalogue's version changed.
 */
export function protectionFor(
  policy: CompiledPolicy,
  upstream: string,
  catalogue: Catalogue,
  relationOutputs: RelationOutputs,
): ProtectionMap {
  const table = new LabelTable();
  const addressed = policy.classifications.filter(
    ({ pattern: { parts } }) => parts[0] !== undefined && matchesPart(parts[0], upstream, 'ignore'),
  );
  for (const relation of catalogue.relations.values()) classifyRelation(table, addressed, relation);
  const views = [...catalogue.relations.values()].filter((relation) => TRAITS[relation.kind].query);
  const { documents } = table.freeze();
  // Where nothing has a label there is nothing to carry anywhere.
  const lineage = table.size === 0 ? [] : views.flatMap((view) => originsOf(view, relationOutputs, documents));
  for (const { column, origins } of lineage) labelOrigins(table, column, origins);
  spread(table, catalogue, lineage);
  return { upstream, ...table.freeze(), relations: catalogue.relations };
}

/** Labels that the policy's own patterns give to a column, whatever it derives from. For columns that the catalogue has not seen. */
export function labelsByPattern(policy: CompiledPolicy, upstream: string, column: ColumnName, system = false): readonly ColumnLabel[] {
  const { parts } = splitColumn(column);
  const fitting = policy.classifications.filter((classification) => classifies(classification, [upstream, ...parts], system));
  const labels = new Map(fitting.map(({ label, path }) => [`${label} ${JSON.stringify(path ?? null)}`, { label, path }]));
  return [...labels.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { label, path }]) => ({ label, how: 'same', ...(path === undefined ? {} : { path }) }));
}

/** The labels of a column or of a part of its documents, also of one that was made since the catalogue was read. */
export function labelsOf(policy: CompiledPolicy, protection: ProtectionMap, column: ColumnName): readonly ColumnLabel[] {
  const known = protection.columns.get(column);
  if (known !== undefined) return known;
  const { relation, name } = splitColumn(column);
  const found = protection.relations.get(relation);
  const member = found?.columns.some((candidate) => candidate.name === name) === true ? undefined : splitMember(column);
  if (member !== undefined)
    return labelsOf(policy, protection, member.column).filter(({ path }) => path === undefined || pathsMeet(path, member.path));
  if (found?.columns.some((candidate) => candidate.name === name) === true) return [];
  return labelsByPattern(policy, protection.upstream, column, found?.kind === 'system');
}

function classifies({ pattern }: Classification, parts: readonly string[], system: boolean): boolean {
  const [upstreamPart, schemaPart] = pattern.parts;
  // A policy that says `*.*.*.name` means the application's columns; masking the system's own would break every tool.
  if (system && schemaPart?.wild !== false) return false;
  return upstreamPart !== undefined && matchesName(pattern, parts, 'ignore');
}

/** `addressed`: the classifications that speak of the relation's upstream. */
function classifyRelation(table: LabelTable, addressed: readonly Classification[], relation: CatalogueRelation): void {
  if (!TRAITS[relation.kind].rows) return;
  const system = relation.kind === 'system';
  const fitting = addressed.filter(({ pattern: { parts } }) => {
    const [, schemaPart, relationPart] = parts;
    if (schemaPart === undefined || relationPart === undefined || (system && schemaPart.wild)) return false;
    return matchesPart(schemaPart, relation.schema, 'ignore') && matchesPart(relationPart, relation.name, 'ignore');
  });
  if (fitting.length === 0) return;
  for (const column of relation.columns) {
    for (const { label, pattern, path } of fitting) {
      const part = pattern.parts[3];
      if (part === undefined || !matchesPart(part, column.name, 'ignore')) continue;
      table.add(joinName(relation.schema, relation.name, column.name), { label, how: 'same', ...(path === undefined ? {} : { path }) });
    }
  }
}

interface ColumnLineage {
  readonly column: ColumnName;
  readonly origins: readonly Origin[];
}

/** A view that could not be seen through has no lineage here: statements that read it are opaque. */
function originsOf(view: CatalogueRelation, relationOutputs: RelationOutputs, documents: ReadonlySet<ColumnName>): ColumnLineage[] {
  const outputs = relationOutputs(joinName(view.schema, view.name), documents);
  if (outputs === undefined || outputs === 'unknown' || outputs.length !== view.columns.length) return [];
  return view.columns.map((column, at) => ({
    column: joinName(view.schema, view.name, column.name),
    origins: outputs[at]?.origins ?? [],
  }));
}

function labelOrigins(table: LabelTable, column: ColumnName, origins: readonly Origin[]): void {
  for (const label of table.labels(column)) {
    for (const { column: from, how } of origins) {
      if (how === 'counted') continue;
      const member = splitMember(from);
      const path = member === undefined ? (how === 'same' ? label.path : undefined) : member.path;
      table.add(member?.column ?? from, { label: label.label, how: label.how, ...(path === undefined ? {} : { path }) });
    }
  }
}

/** Carries labels along hierarchies and into views until nothing changes; labels only grow, so that this ends. */
function spread(table: LabelTable, catalogue: Catalogue, lineage: readonly ColumnLineage[]): void {
  const twins = hierarchyTwins(catalogue);
  let before = -1;
  while (table.size !== before) {
    before = table.size;
    for (const [a, b] of twins) table.share(a, b);
    for (const { column, origins } of lineage) {
      for (const { column: from, how } of origins) if (how !== 'counted') table.carry(from, column, how);
    }
  }
}

/** Pairs of same-named columns of a child and its parent. */
function hierarchyTwins(catalogue: Catalogue): (readonly [ColumnName, ColumnName])[] {
  const pairs: (readonly [ColumnName, ColumnName])[] = [];
  for (const child of catalogue.relations.values()) {
    for (const parentName of child.parents) {
      const parent = catalogue.relations.get(parentName);
      const names = new Set(child.columns.map((column) => column.name));
      for (const { name } of parent?.columns ?? []) {
        if (parent === undefined || !names.has(name)) continue;
        pairs.push([joinName(child.schema, child.name, name), joinName(parent.schema, parent.name, name)]);
      }
    }
  }
  return pairs;
}
