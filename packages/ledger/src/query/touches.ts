import { type ColumnUseKind, joinName, splitMember, splitName, type StatementFacts } from '@sqlwarden/core';
import type { StatementAccount } from './account.js';

/** Where names of facts are at home: a question may begin with the upstream or the database. */
export type NameSpace = Pick<StatementAccount, 'upstream' | 'database'>;

/** A relation or column that somebody asks about, as the parts of its name; the first ones may be left out. */
export type NameQuestion = readonly string[];

const cache = new Map<string, readonly string[]>();
const MAX_CACHED = 10_000;

/** True when `name`, as facts spell it, is what the question names; a part of a document is of its column. */
export function isNamed(question: NameQuestion, name: string, space: NameSpace): boolean {
  return isExactly(question, name, space) || (name.includes('#') && isExactly(question, wholeColumn(name), space));
}

function wholeColumn(name: string): string {
  try {
    return splitMember(name)?.column ?? name;
  } catch {
    return name;
  }
}

function isExactly(question: NameQuestion, name: string, space: NameSpace): boolean {
  const parts = partsOf(name);
  const missing = question.length - parts.length;
  if (missing <= 0) return question.every((part, index) => part === parts[index - missing]);
  if (missing > 2 || !parts.every((part, index) => part === question[index + missing])) return false;
  const [first, second] = question;
  return missing === 2 ? first === space.upstream && second === space.database : first === space.upstream || first === space.database;
}

/** What of a statement's facts says which names it touched. */
export type NamedFacts = Pick<StatementFacts, 'action' | 'class' | 'reads' | 'writes' | 'columns' | 'flows' | 'schemaChanges' | 'opaque'>;

/** What of a unit says which names it touched. */
export interface Touching extends NameSpace {
  readonly facts: readonly NamedFacts[];
}

/** What a unit did to what was asked about. */
export interface Touch {
  readonly kind: 'change' | 'read';
  /** How its columns were used, or what was done to its definition. */
  readonly uses: readonly string[];
}

/** What a unit did to a relation; `undefined` when nothing. */
export function touchOfRelation(question: NameQuestion, account: Touching): Touch | undefined {
  const named = (name: string): boolean => isNamed(question, name, account);
  const changes = new Set<string>();
  const reads = new Set<string>();
  for (const facts of account.facts) {
    if (facts.writes.some(named)) changes.add(facts.action);
    if (facts.reads.some(named)) reads.add(facts.action);
    for (const change of facts.schemaChanges) if (named(change.name)) changes.add(`${change.operation} ${change.kind}`);
    for (const { to } of facts.flows) if (to.kind === 'relation' && named(to.relation)) changes.add('flow');
    for (const { column, use } of facts.columns) {
      if (named(relationOf(column))) (use === 'write-target' ? changes : reads).add(use);
    }
  }
  return touch(changes, reads);
}

/** What a unit did to a column; also what it did to the whole relation, where that is its definition. */
export function touchOfColumn(question: NameQuestion, account: Touching): Touch | undefined {
  const changes = new Set<string>();
  const reads = new Set<ColumnUseKind>();
  for (const facts of account.facts) {
    for (const { column, use } of facts.columns) {
      if (!isNamed(question, column, account)) continue;
      if (use === 'write-target') changes.add(use);
      else reads.add(use);
    }
    for (const { to } of facts.flows) if (to.kind === 'column' && isNamed(question, to.column, account)) changes.add('flow');
    for (const use of definitionUses(question, facts, account)) changes.add(use);
  }
  return touch(changes, reads);
}

function* definitionUses(question: NameQuestion, facts: NamedFacts, account: NameSpace): Generator<string> {
  const relation = question.slice(0, -1);
  const column = question.at(-1);
  for (const change of facts.schemaChanges) {
    if (relation.length > 0 && !isNamed(relation, change.name, account)) continue;
    const columns = change.columns ?? [];
    const own = columns.filter(({ name, to }) => name === column || to === column);
    for (const { operation, type } of own) yield `${operation} column${type === undefined ? '' : ` (${type})`}`;
    // A table that is dropped, renamed or made takes its columns with it.
    if (relation.length > 0 && columns.length === 0 && change.operation !== 'comment') yield `${change.operation} ${change.kind}`;
  }
}

/** True when the facts do not say everything: the unit may have touched what was asked about. */
export function mayTouchAnything(account: Pick<Touching, 'facts'> & Pick<StatementAccount, 'factsErased'>): boolean {
  return account.factsErased || account.facts.some(({ opaque }) => opaque.length > 0);
}

function touch(changes: ReadonlySet<string>, reads: ReadonlySet<string>): Touch | undefined {
  if (changes.size === 0 && reads.size === 0) return undefined;
  return { kind: changes.size > 0 ? 'change' : 'read', uses: [...changes, ...reads] };
}

/** The relation of a column; empty where it has none. */
export function relationOf(column: string): string {
  return joinName(...partsOf(column).slice(0, -1));
}

function partsOf(name: string): readonly string[] {
  const known = cache.get(name);
  if (known !== undefined) return known;
  let parts: readonly string[];
  try {
    parts = splitName(name);
  } catch {
    // Facts may carry a name as it was written.
    parts = [name];
  }
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(name, parts);
  return parts;
}
