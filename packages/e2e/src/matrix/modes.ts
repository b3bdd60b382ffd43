import type { Form, FormStep } from './forms.js';

/** How one statement goes over the wire. */
export type Transport = 'simple' | 'text' | 'binary' | 'portal' | 'named';

export interface WireStep extends FormStep {
  readonly transport: Transport;
}

interface Mode {
  /** Kinds of forms that it is for. */
  readonly kinds: readonly Form['kind'][];
  /** Everything is inside BEGIN and ROLLBACK. */
  readonly transaction: boolean;
  /** Extended protocol: statements may have parameters. */
  readonly parameters: boolean;
  steps(form: Form): readonly WireStep[];
}

const all = ['query', 'statement', 'steps'] as const;
const single = ['query', 'statement'] as const;
const query = ['query'] as const;

const over =
  (transport: Transport) =>
  ({ steps }: Form): WireStep[] =>
    steps.map((step) => ({ ...step, transport }));

const around =
  (transport: Transport, ...texts: readonly ((sql: string) => string)[]) =>
  ({ steps: [step] }: Form): WireStep[] =>
    texts.map((text, index) => {
      const values = index === 0 ? step?.values : undefined;
      return { sql: text(step?.sql ?? ''), transport, ...(values ? { values } : {}) };
    });

/** Ways for one statement to be sent, and places for a query to stand in. */
export const MODES = {
  simple: { kinds: all, transaction: false, parameters: false, steps: over('simple') },
  'extended, text': { kinds: all, transaction: false, parameters: true, steps: over('text') },
  'extended, binary': { kinds: all, transaction: false, parameters: true, steps: over('binary') },
  'portal with a row limit': { kinds: single, transaction: true, parameters: true, steps: over('portal') },
  'prepared, run twice': { kinds: single, transaction: false, parameters: true, steps: over('named') },
  'PREPARE and EXECUTE': {
    kinds: single,
    transaction: false,
    parameters: false,
    steps: around(
      'simple',
      (sql) => `prepare s as ${sql}`,
      () => 'execute s',
      () => 'deallocate s',
    ),
  },
  'PREPARE and EXECUTE, binary': {
    kinds: single,
    transaction: false,
    parameters: false,
    steps: around(
      'binary',
      (sql) => `prepare s as ${sql}`,
      () => 'execute s',
      () => 'deallocate s',
    ),
  },
  'COPY, text': { kinds: single, transaction: false, parameters: false, steps: around('simple', (sql) => `copy (${sql}) to stdout`) },
  'COPY, CSV': {
    kinds: single,
    transaction: false,
    parameters: false,
    steps: around('text', (sql) => `copy (${sql}) to stdout with (format csv, header, force_quote *)`),
  },
  'COPY, binary': {
    kinds: single,
    transaction: false,
    parameters: false,
    steps: around('simple', (sql) => `copy (${sql}) to stdout with (format binary)`),
  },
  cursor: {
    kinds: query,
    transaction: true,
    parameters: false,
    steps: around(
      'simple',
      (sql) => `declare c scroll cursor for ${sql}`,
      () => 'fetch 2 from c',
      () => 'fetch all from c',
      () => 'fetch first from c',
    ),
  },
  'binary cursor': {
    kinds: query,
    transaction: true,
    parameters: false,
    steps: around(
      'simple',
      (sql) => `declare c binary cursor for ${sql}`,
      () => 'fetch all from c',
    ),
  },
  'cursor in the extended protocol': {
    kinds: query,
    transaction: true,
    parameters: false,
    steps: around(
      'binary',
      (sql) => `declare c no scroll cursor for ${sql}`,
      () => 'fetch forward 3 from c',
      () => 'fetch next from c',
    ),
  },
  'sub-select': { kinds: query, transaction: false, parameters: true, steps: around('text', (sql) => `select * from (${sql}) q`) },
  'common table expression': {
    kinds: single,
    transaction: true,
    parameters: true,
    steps: around('binary', (sql) => `with w as materialized (${sql}) select w.*, count(*) over () from w`),
  },
  'rows as documents': {
    kinds: query,
    transaction: false,
    parameters: false,
    steps: around('simple', (sql) => `select to_json(q), q from (${sql}) q`),
  },
  'temporary table': {
    kinds: query,
    transaction: true,
    parameters: false,
    steps: around(
      'simple',
      (sql) => `create temp table kept_rows as ${sql}`,
      () => 'select * from kept_rows',
    ),
  },
  view: {
    kinds: query,
    transaction: true,
    parameters: false,
    steps: around(
      'simple',
      (sql) => `create view shown_rows as ${sql}`,
      () => 'table shown_rows',
    ),
  },
  'EXPLAIN ANALYZE': {
    kinds: single,
    transaction: true,
    parameters: false,
    steps: around('simple', (sql) => `explain (analyze, verbose, costs off, timing off, summary off, buffers off) ${sql}`),
  },
  'several statements in one message': {
    kinds: single,
    transaction: true,
    parameters: false,
    steps: around('simple', (sql) => `select 1 as one; ${sql}; select 2 as two`),
  },
} as const satisfies Record<string, Mode>;

export type ModeName = keyof typeof MODES;
export const MODE_NAMES = Object.keys(MODES) as ModeName[];

/** The modes that a form can run in. */
export function modesOf(form: Form): ModeName[] {
  const parameters = form.steps.some(({ values }) => values !== undefined);
  return MODE_NAMES.filter((name) => {
    const mode: Mode = MODES[name];
    return mode.kinds.includes(form.kind) && (mode.parameters || !parameters);
  });
}

/** The steps of a form in a mode, and whether they stand in a transaction that is rolled back: always where something may be changed. */
export function stepsOf(form: Form, name: ModeName): { readonly steps: readonly WireStep[]; readonly transaction: boolean } {
  const mode: Mode = MODES[name];
  return { steps: mode.steps(form), transaction: form.undo === undefined && (mode.transaction || form.kind !== 'query') };
}
