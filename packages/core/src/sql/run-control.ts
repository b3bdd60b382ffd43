import type { Expression, Span } from './model.js';
import { LimitError } from './resolve/context.js';
import { operandsOf } from './resolve/syntax.js';
import type { Part } from './run.js';
import type { Statement } from './statement.js';
import type { UnitState } from './unit-state.js';

/** Control flow: in which order and how often statements run, as far as that can be told. */

/** Who hears of the statements and conditions, in the order of the text. */
export interface Walker {
  readonly unit: UnitState;
  statement(statement: Statement): Part;
  /** A condition of IF or of a loop; it stands in `span`. */
  condition(expression: Expression, span: Span): void;
  /** Statements of a text of its own, which `statement` runs. */
  inside(statement: Statement, body: () => void): void;
  /** Gives what forgets everything that is told from now on: it is told again. */
  mark(): () => void;
}

/** Rounds after which a loop is given up. Each round adds something to a variable, so few are needed. */
const MAX_ROUNDS = 60;

export function walk(walker: Walker, statements: readonly Statement[]): void {
  const run = (): void => {
    for (const statement of statements) walkOne(walker, statement);
  };
  if (statements.some(hasGoto)) repeat(walker, run);
  else run();
}

function walkOne(walker: Walker, statement: Statement): void {
  const { unit } = walker;
  switch (statement.kind) {
    case 'block': {
      const body = (): void => walk(walker, [...statement.statements, ...statement.handlers]);
      // A handler may run after any of the statements, and the others after it.
      if (statement.handlers.length > 0 || statement.statements.some(leaves)) repeat(walker, body);
      else body();
      return;
    }
    case 'if':
      decided(unit, () => walkIf(walker, statement));
      return;
    case 'loop':
      decided(unit, () => walkLoop(walker, statement));
      return;
    default: {
      const { inside } = walker.statement(statement);
      if (inside === undefined) return;
      const body = (): void => walk(walker, inside.statements);
      // RETURN leaves this text alone.
      walker.inside(statement, () => unit.inFrame(inside.frame, returnsEarly(inside.statements) ? () => repeat(walker, body) : body));
      inside.done?.();
    }
  }
}

/** Conditions inside decide over nothing that follows. */
function decided({ frame }: UnitState, body: () => void): void {
  const { deciding } = frame;
  const around = deciding?.length ?? 0;
  body();
  deciding?.splice(around);
}

function walkLoop(walker: Walker, { condition, span, statements }: Statement & { kind: 'loop' }): void {
  repeat(walker, () => {
    if (condition !== undefined) walker.condition(condition, headOf(span, statements));
    walk(walker, statements);
  });
}

function walkIf(walker: Walker, statement: Statement & { kind: 'if' }): void {
  const { unit } = walker;
  unit.branching = true;
  let { start } = statement.span;
  const bodies = statement.branches.map(({ condition, statements }) => {
    const span = headOf({ start, end: statement.span.end }, statements);
    start = Math.max(start, statements.at(-1)?.span.end ?? start);
    return (): void => {
      if (condition !== undefined) walker.condition(condition, span);
      walk(walker, statements);
    };
  });
  const conditions = statement.branches.flatMap(({ condition }) => condition ?? []);
  const orNone = conditions.length === bodies.length;
  // Conditions of branches that are not taken have run all the same.
  if (conditions.some(hasEffects)) unit.uncertainly(() => unit.alternatives(bodies, orNone));
  else unit.alternatives(bodies, orNone);
}

/** What stands before the statements. */
function headOf(span: Span, statements: readonly Statement[]): Span {
  const [first] = statements;
  return first === undefined || first.span.start < span.start ? span : { start: span.start, end: first.span.start };
}

/** Runs statements any number of times, in part, in any order: until nothing that they leave changes any more. */
function repeat(walker: Walker, body: () => void): void {
  const { unit } = walker;
  unit.branching = true;
  unit.uncertainly(() => {
    // What is around goes round until this changes nothing either.
    if (unit.iterating) return body();
    unit.iterating = true;
    try {
      for (let round = 0; ; round += 1) {
        const [rewind, version] = [walker.mark(), unit.version];
        body();
        if (unit.version === version) return;
        if (round >= MAX_ROUNDS) throw new LimitError('a loop changes more with every round');
        rewind();
      }
    } finally {
      unit.iterating = false;
    }
  });
}

function hasEffects(expression: Expression): boolean {
  const waiting: Expression[] = [expression];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at.kind === 'assignment' || (at.kind === 'call' && at.builtIn !== true)) return true;
    waiting.push(...operandsOf(at));
  }
  return false;
}

/** The statements directly inside of one. */
function childrenOf(statement: Statement): readonly Statement[] {
  switch (statement.kind) {
    case 'block':
      return [...statement.statements, ...statement.handlers];
    case 'if':
      return statement.branches.flatMap(({ statements }) => statements);
    case 'loop':
      return statement.statements;
    default:
      return [];
  }
}

const GOTO = new WeakMap<Statement, boolean>();
const LEAVES = new WeakMap<Statement, boolean>();

function remembered(memory: WeakMap<Statement, boolean>, statement: Statement, ask: () => boolean): boolean {
  const known = memory.get(statement);
  if (known !== undefined) return known;
  const answer = ask();
  memory.set(statement, answer);
  return answer;
}

function hasGoto(statement: Statement): boolean {
  if (statement.kind === 'control') return statement.what === 'goto';
  return remembered(GOTO, statement, () => childrenOf(statement).some(hasGoto));
}

/** It may end what it stands in: BREAK, LEAVE. Those of a loop inside may name a block around it. */
function leaves(statement: Statement): boolean {
  if (statement.kind === 'control') return statement.what === 'break' || statement.what === 'continue';
  return remembered(LEAVES, statement, () => childrenOf(statement).some(leaves));
}

/** RETURN stands somewhere inside. */
export function returnsEarly(statements: readonly Statement[]): boolean {
  return statements.some(
    (statement) => (statement.kind === 'control' && statement.what === 'return') || returnsEarly(childrenOf(statement)),
  );
}
