import type { Action } from './facts.js';
import type { Expression } from './model.js';
import { LimitError } from './resolve/context.js';
import type { Effects } from './resolve/effects.js';
import type { Scope } from './resolve/scope.js';
import { closed, closedOutputs, type Outputs, someOf, type Value } from './resolve/value.js';
import type { Part, Run } from './run.js';
import { walk, type Walker } from './run-control.js';
import type { Statement, StatementKind } from './statement.js';
import type { UnitState } from './unit-state.js';

/** Statements that run one after another as part of another statement: their effects are its effects. */

/** Statements that say themselves what becomes of names. */
const TELLS_ITSELF: ReadonlySet<StatementKind> = new Set<StatementKind>(['setting', 'transaction', 'use', 'sequence']);

/** What steers a body is nothing that the statement that runs it does. */
const STEERS: ReadonlySet<Action> = new Set<Action>(['select', 'control', 'set', 'declare', 'open', 'fetch', 'close', 'raise']);

/** Rounds after which a statement that assigns variables while it reads rows is given up. */
const MAX_ROUNDS = 60;

/** Runs a statement for its own sake: until what it leaves in variables that it reads changes no more, and with what it leaves behind. */
export function execute(run: Run, statement: Statement, scope: Scope): { readonly part: Part; readonly effects: Effects } {
  const { unit } = run;
  for (let round = 0; ; round += 1) {
    const { rowAssignments } = unit.frame;
    const { result: part, effects } = run.r.collect(() => run.statement(run, statement, scope));
    if (unit.frame.rowAssignments === rowAssignments) {
      if (effects.changesState && !TELLS_ITSELF.has(statement.kind)) unit.stateKnown = false;
      part.after?.();
      unit.observe(part, effects);
      return { part, effects };
    }
    if (round >= MAX_ROUNDS) throw new LimitError('a variable derives from more with every row');
  }
}

/** As {@link execute}, as part of what is being run. */
export function perform(run: Run, statement: Statement, scope: Scope): Part {
  const { doubt } = run.unit;
  const { part, effects } = execute(run, statement, scope);
  const names = effects.reads.size + effects.writes.size + effects.routines.size + (part.changes?.length ?? 0);
  run.r.effects.add(effects);
  if (doubt === undefined || names === 0) return part;
  run.r.effects.opaque(doubt);
  return part.outputs === undefined ? part : { ...part, outputs: doubtful(part.outputs) };
}

function doubtful(outputs: Outputs): Outputs {
  return { ...outputs, columns: outputs.columns.map((column) => ({ ...column, value: { ...column.value, opaque: true } })) };
}

/** Rows or a value that come out of a body. `certain`: whenever it runs, and once. */
interface Told<T> {
  readonly what: T;
  readonly certain: boolean;
}

/** What came out of a list of statements that ran as part of another. */
export class Body implements Walker {
  readonly unit: UnitState;
  readonly results: Told<Outputs>[] = [];
  readonly returned: Told<Value>[] = [];
  readonly #run: Run;
  readonly #scope: Scope;
  readonly #conditions: number;
  #left = false;

  constructor(run: Run, scope: Scope) {
    this.#run = run;
    this.#scope = scope;
    this.unit = run.unit;
    this.#conditions = run.unit.conditions;
  }

  get #certain(): boolean {
    return this.unit.conditions === this.#conditions && !this.#left;
  }

  statement(statement: Statement): Part {
    const certain = this.#certain;
    const part = this.#run.r.nested(() => perform(this.#run, statement, this.#scope));
    if (!STEERS.has(part.action)) this.#run.r.effects.innerActions.add(part.action);
    this.#keep(part);
    if (part.outputs !== undefined) this.results.push({ what: closedOutputs(part.outputs), certain });
    if (part.returns !== undefined) this.returned.push({ what: closed(part.returns), certain });
    if (statement.kind === 'control' && statement.what === 'return' && !certain) this.#left = true;
    return part;
  }

  /** What a statement does to the session that outlives what it is a part of. */
  #keep(part: Part): void {
    const { effects } = this.#run.r;
    effects.changesSchema(part.changes ?? []);
    effects.changesCursors ||= part.cursor !== undefined || part.closes !== undefined;
    effects.changesPrepared ||= part.prepares !== undefined || part.deallocates !== undefined;
  }

  condition(expression: Expression): void {
    const value = closed(this.#run.r.condition(expression, this.#scope));
    if (value.origins.size > 0 || value.opaque) this.unit.frame.deciding?.push(value);
  }

  inside(_: Statement, body: () => void): void {
    this.#run.r.nested(body);
  }

  mark(): () => void {
    const [results, returned] = [this.results.length, this.returned.length];
    return () => {
      this.results.length = results;
      this.returned.length = returned;
    };
  }

  /** The rows that come out: of a single result, even one that may not come, its columns; of several it is not known which. */
  get outputs(): Outputs | undefined {
    const [first, ...rest] = this.results;
    if (first === undefined) return undefined;
    if (rest.length === 0) return first.what;
    return someOf(this.results.map(({ what }) => what));
  }
}

/** Runs statements in order, as part of what is being run. */
export function runBody(run: Run, statements: readonly Statement[], scope: Scope): Body {
  const body = new Body(run, scope);
  walk(body, statements);
  return body;
}

/** As {@link runBody}, for statements that will run later: nothing of what they do is done yet. */
export function judgeBody(run: Run, statements: readonly Statement[], scope: Scope): Outputs {
  const { unit } = run;
  const body = unit.pretend(() => unit.inFrame(unit.newFrame(), () => unit.uncertainly(() => runBody(run, statements, scope))));
  const columns = [
    ...body.results.flatMap(({ what }) => what.columns),
    ...body.returned.map(({ what }) => ({ name: 'return', value: what })),
  ];
  return { columns, complete: true };
}
