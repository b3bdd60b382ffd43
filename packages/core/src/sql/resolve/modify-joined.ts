import type { FromItem, NameParts } from '../model.js';
import type { AssignmentTarget, JoinedDelete, JoinedUpdate } from '../modification.js';
import { joinName } from '../names.js';
import type { Resolver } from './context.js';
import { fromClause } from './from.js';
import { columnsNamed, findCommonTable, type Namespace, namespaceOf, openScope, type Range, type Scope } from './scope.js';
import { filterOf } from './truth.js';
import { NO_OUTPUTS, type Outputs } from './value.js';
import { assignments, finish, openTarget, readTarget, recordWrite, throughColumns, type Writing } from './writing.js';

/** UPDATE and DELETE whose targets are among the items of their FROM clause. */

/** The items of a FROM clause as targets: each is opened when it is first written. */
class Targets {
  readonly namespaces: readonly Namespace[];
  readonly #r: Resolver;
  readonly #outer: Scope;
  readonly #items: ReadonlyMap<string, FromItem>;
  readonly #open = new Map<Range, Writing>();
  /** Targets that are not among the items, as they are added to the scope. */
  readonly added: Namespace[] = [];

  constructor(r: Resolver, from: readonly FromItem[], outer: Scope) {
    this.#r = r;
    this.#outer = outer;
    this.namespaces = fromClause(r, from, outer);
    this.#items = new Map(from.flatMap(namedItems));
  }

  get #ranges(): readonly Range[] {
    return this.namespaces.flatMap((namespace) => namespace.ranges);
  }

  get written(): readonly Writing[] {
    return [...this.#open.values()];
  }

  /** By alias, by the relation that the name means, else a relation of its own. */
  named(name: NameParts): Writing {
    const own = name.at(-1) ?? '';
    const byAlias = name.length > 1 ? undefined : this.#ranges.find((range) => range.name === own && this.#isNamed(own));
    if (byAlias !== undefined) return this.#of(byAlias);
    const byRelation = this.#ranges.find((range) => this.#isOf(range, name));
    if (byRelation !== undefined) return this.#of(byRelation);
    const writing = openTarget(this.#r, { name, only: false }, this.#outer);
    this.added.push(namespaceOf(writing.range));
    // Its rows are joined with those of the items.
    readTarget(this.#r, writing);
    this.#open.set(writing.range, writing);
    return writing;
  }

  /** An alias, a common table, or a relation that the bare name means, too. */
  #isNamed(own: string): boolean {
    const item = this.#items.get(own);
    if (item?.kind !== 'relation' || item.alias !== undefined || item.name.length === 1) return true;
    return this.#r.relation([own])?.name === this.#r.relation(item.name)?.name;
  }

  #isOf(range: Range, name: NameParts): boolean {
    const item = this.#items.get(range.name ?? '');
    if (item?.kind !== 'relation' || item.name.at(-1) !== name.at(-1)) return false;
    const [meant, read] = [this.#r.relation(name), this.#r.relation(item.name)];
    return meant === undefined ? item.name.join('.') === name.join('.') : meant.name === read?.name;
  }

  /** What an assignment writes that names no relation: every one that has the column. */
  withColumn(column: string): readonly Writing[] {
    const ranges = this.#ranges;
    const known = ranges.filter((range) => columnsNamed(range.columns, column).length > 0);
    return (known.length > 0 ? known : ranges.filter((range) => range.more !== undefined)).map((range) => this.#of(range));
  }

  #of(range: Range): Writing {
    const known = this.#open.get(range);
    if (known !== undefined) return known;
    const item = this.#items.get(range.name ?? '');
    const isRelation =
      item?.kind === 'relation' && (item.name.length > 1 || findCommonTable(this.#outer, item.name[0] ?? '') === undefined);
    const outputs: Outputs = { columns: range.columns, complete: range.more === undefined };
    const relation = isRelation ? this.#r.relation(item.name) : throughColumns(joinName(range.name ?? ''), outputs);
    if (relation !== undefined) recordWrite(this.#r, relation);
    // One that is not known was opaque when it was read.
    else this.#r.effects.writes.add(isRelation ? joinName(...item.name) : (range.name ?? ''));
    const writing: Writing = { relation, range, assigned: new Map() };
    this.#open.set(range, writing);
    return writing;
  }
}

/** The items that can be named, through joins. */
function namedItems(item: FromItem): (readonly [string, FromItem])[] {
  if (item.kind === 'join' && item.alias === undefined) return [...namedItems(item.left), ...namedItems(item.right)];
  const name = item.alias?.name ?? (item.kind === 'relation' ? item.name.at(-1) : undefined);
  return name === undefined ? [] : [[name, item]];
}

function scopeOf(targets: Targets, outer: Scope): Scope {
  const scope = openScope(outer);
  scope.namespaces.push(...targets.namespaces, ...targets.added);
  return scope;
}

export function joinedUpdate(r: Resolver, statement: JoinedUpdate, outer: Scope): Outputs {
  const targets = new Targets(r, statement.from, outer);
  const only = statement.target === undefined ? undefined : targets.named(statement.target);
  const scope = scopeOf(targets, outer);
  const find = ({ column, qualifier }: AssignmentTarget): readonly Writing[] => {
    if (only !== undefined) return [only];
    if (qualifier !== undefined && qualifier.length > 0) return [targets.named(qualifier)];
    const found = targets.withColumn(column);
    if (found.length === 0) r.effects.opaque({ kind: 'unknown-column', detail: joinName(column) });
    return found;
  };
  assignments(r, find, statement.set, scope);
  return chosen(r, statement, targets, only, scope, outer);
}

export function joinedDelete(r: Resolver, statement: JoinedDelete, outer: Scope): Outputs {
  const targets = new Targets(r, statement.from, outer);
  const written = statement.targets.map((name) => targets.named(name));
  return chosen(r, statement, targets, written[0], scopeOf(targets, outer), outer);
}

/** WHERE alone chooses: a join says which rows belong together. */
function chosen(
  r: Resolver,
  statement: JoinedUpdate | JoinedDelete,
  targets: Targets,
  first: Writing | undefined,
  scope: Scope,
  outer: Scope,
): Outputs {
  if (statement.where !== undefined) r.condition(statement.where, scope);
  r.effects.filtered(filterOf(r, statement.where, scope));
  for (const { expression } of statement.orderBy ?? []) r.effects.use(r.value(expression, scope), 'order');
  if (statement.limit !== undefined) r.effects.use(r.value(statement.limit, scope), 'predicate-other');
  const written = targets.written;
  const main = first ?? written[0];
  if (main === undefined) return NO_OUTPUTS;
  const others = written.filter((each) => each !== main);
  const events = [statement.kind === 'joined-update' ? 'update' : 'delete'] as const;
  return finish(r, main, { ...statement, events }, { after: targets.namespaces, others }, outer);
}
