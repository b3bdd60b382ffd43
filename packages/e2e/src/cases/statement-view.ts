import type { Flow, OutputColumn, SchemaChange, StatementFacts, VariableFacts } from '@sqlwarden/core';

/**
 * Facts in the short form that cases are written in. Names are without the default schema of the dialect, lists are sorted where their order
 * means nothing.
 */
export interface StatementView {
  readonly action: string;
  /** Further verbs. */
  readonly also: readonly string[];
  /** A part in a WITH or FROM writes. */
  readonly inside: boolean;
  readonly class: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** One text for each output; see {@link outputView}. */
  readonly out: readonly string[] | 'unknown' | 'no rows';
  /** Uses other than of outputs, by column: `join predicate-other`. */
  readonly uses: Readonly<Record<string, string>>;
  /** `people.ssn > audit.what`, `f(people.ssn) > setting x`. */
  readonly flows: readonly string[];
  readonly filter: string;
  readonly limit: number | null;
  /** Kinds of reasons. */
  readonly opaque: readonly string[];
  /** `lower pure`. */
  readonly routines: readonly string[];
  readonly locks: boolean;
  readonly elevated: boolean;
  /** What may happen to the session's state. */
  readonly state: string;
  /** Settings that it may give a value. */
  readonly settings: readonly string[] | 'unknown';
  /** `create table people`, `alter table people: add age`. */
  readonly changes: readonly string[];
  /** `name: outputs`. */
  readonly cursor: string;
  readonly prepares: string;
  /** What no name of the session is known for any more: `cursors`, `prepared statements`. */
  readonly forgets: readonly string[];
  /** `@name: origins`. */
  readonly assigns: readonly string[];
}

/** What a case need not say. */
export const USUAL: Omit<StatementView, 'routines' | 'limit' | 'settings'> = {
  action: 'select',
  also: [],
  inside: false,
  class: 'read',
  reads: [],
  writes: [],
  out: 'no rows',
  uses: {},
  flows: [],
  filter: 'absent',
  opaque: [],
  locks: false,
  elevated: false,
  state: 'none',
  changes: [],
  cursor: '',
  prepares: '',
  forgets: [],
  assigns: [],
};

export function statementView(facts: StatementFacts, defaultSchema: string): StatementView {
  const short = (name: string): string => (name.startsWith(`${defaultSchema}.`) ? name.slice(defaultSchema.length + 1) : name);
  return {
    action: facts.action,
    also: [...(facts.alsoActions ?? [])].sort(),
    inside: facts.modifiesInside === true,
    class: facts.class,
    reads: facts.reads.map(short).sort(),
    writes: facts.writes.map(short).sort(),
    out: outputsView(facts.outputs, short),
    uses: usesView(facts.columns, short),
    flows: facts.flows.flatMap((flow) => flowView(flow, short)).sort(),
    filter: facts.filter,
    limit: facts.limit,
    opaque: [...new Set(facts.opaque.map((reason) => reason.kind))].sort(),
    routines: facts.routines.map((routine) => `${routine.name.replace('pg_catalog.', '')} ${routine.category}`).sort(),
    locks: facts.locks,
    elevated: facts.elevated,
    state: facts.stateEffect,
    settings: facts.settings === undefined || facts.settings === 'unknown' ? (facts.settings ?? []) : facts.settings.toSorted(),
    changes: facts.schemaChanges.map((change) => changeView(change, short)),
    cursor: facts.cursor === undefined ? '' : `${facts.cursor.name}: ${[outputsView(facts.cursor.outputs, short)].flat().join(', ')}`,
    prepares: facts.prepares ?? '',
    forgets: [...forgotten('cursors', facts.closes), ...forgotten('prepared statements', facts.deallocates)],
    assigns: (facts.assigns ?? []).map((variable) => variableView(variable, short)).sort(),
  };
}

function forgotten(what: string, freed: { readonly name: string | undefined } | undefined): string[] {
  return freed !== undefined && freed.name === undefined ? [what] : [];
}

type Short = (name: string) => string;

function outputsView(outputs: StatementFacts['outputs'], short: Short): StatementView['out'] {
  if (outputs === undefined) return 'no rows';
  return outputs === 'unknown' ? outputs : outputs.map((output) => outputView(output, short));
}

/**
 * `people.ssn` passes, `f(people.email people.ssn)` is computed from both, `count(people.ssn)` counts it; `opaque` when it may be anything;
 * `mixed values`, `mixed columns` when rows of different origins stand under one another; `none` when it comes from no column.
 */
function outputView({ origins, opaque, mixed }: OutputColumn, short: Short): string {
  const parts = [...originsView(origins, short), ...(opaque ? ['opaque'] : []), ...(mixed === undefined ? [] : [`mixed ${mixed}`])];
  return parts.length === 0 ? 'none' : parts.join(' ');
}

function originsView(origins: OutputColumn['origins'], short: Short): string[] {
  const of = (how: string): string[] =>
    origins
      .filter((origin) => origin.how === how)
      .map((origin) => short(origin.column))
      .sort();
  const called = (name: string, columns: readonly string[]): string[] => (columns.length === 0 ? [] : [`${name}(${columns.join(' ')})`]);
  return [...of('same'), ...called('f', of('derived')), ...called('count', of('counted'))];
}

function usesView(columns: StatementFacts['columns'], short: Short): Record<string, string> {
  const uses = new Map<string, Set<string>>();
  for (const { column, use } of columns) {
    if (use === 'output') continue;
    const name = short(column);
    uses.set(name, (uses.get(name) ?? new Set()).add(use));
  }
  return Object.fromEntries([...uses].sort().map(([name, found]) => [name, [...found].sort().join(' ')]));
}

function flowView({ from, computed = [], to }: Flow, short: Short): string[] {
  const target = to.kind === 'column' ? short(to.column) : to.kind === 'relation' ? short(to.relation) : `${to.kind} ${to.name}`;
  return from.map((column) => `${computed.includes(column) ? `f(${short(column)})` : short(column)} > ${target}`);
}

function changeView({ operation, kind, name, leaves, columns }: SchemaChange, short: Short): string {
  const changed = (columns ?? []).map((column) => `${column.operation} ${column.name}${column.to === undefined ? '' : ` to ${column.to}`}`);
  const parent = leaves === undefined ? '' : ` leaves ${short(leaves)}`;
  return `${operation} ${kind} ${short(name)}${parent}${changed.length === 0 ? '' : `: ${changed.join(', ')}`}`;
}

function variableView({ name, origins, opaque }: VariableFacts, short: Short): string {
  return `@${name}: ${outputView({ name, origins, opaque }, short)}`;
}
