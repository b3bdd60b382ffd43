import { type Action, type Catalogue, splitName, type StatementFacts, type UnitFacts } from '@sqlwarden/core';
import type { ParserReading } from './parser-reading.js';

/**
 * Where the facts of a unit and another parser's reading of its text contradict each other; `undefined` when they do not. What only one of them can
 * know (relations behind views, triggers and routines; relations of statements for which the parser lists none) is no contradiction. For
 * people: names no relation and no literal.
 */
export function disagreement(facts: UnitFacts, reading: ParserReading, catalogue: Catalogue): string | undefined {
  const { statements } = facts;
  if (facts.branching !== true && reading.statements.length !== statements.length)
    return `${statements.length} statements were found, and by node-sql-parser ${reading.statements.length}`;
  for (const [at, { kind, hasWhere }] of reading.statements.entries()) {
    const own = statements[at];
    if (own === undefined || facts.branching === true) break;
    if (!isKind(kind, own.action)) return `statement ${at + 1} is a ${own.action}, and for node-sql-parser ${kind ?? 'unknown'}`;
    if (FILTERED.has(own.action) && hasWhere !== (own.filter !== 'absent'))
      return `statement ${at + 1} has ${own.filter === 'absent' ? 'no' : 'a'} WHERE, and for node-sql-parser it has ${hasWhere ? 'one' : 'none'}`;
  }
  return reading.statements.every(({ kind }) => kind !== undefined && LISTED.has(kind))
    ? relationDisagreement(statements, reading, catalogue)
    : undefined;
}

/** What a kind of node-sql-parser may be among our actions. */
const KINDS: ReadonlyMap<string, readonly Action[]> = new Map<string, readonly Action[]>([
  ['select', ['select']],
  ['insert', ['insert']],
  ['replace', ['insert']],
  ['update', ['update']],
  ['delete', ['delete']],
  ['truncate', ['truncate']],
  ['create', ['create']],
  ['drop', ['drop']],
  ['alter', ['alter', 'rename']],
  ['rename', ['rename']],
  ['transaction', ['begin', 'commit', 'rollback']],
  ['set', ['set', 'reset']],
  ['show', ['show']],
  ['use', ['use']],
  ['call', ['call']],
  ['explain', ['explain']],
  ['desc', ['show', 'explain']],
  ['grant', ['grant']],
  ['revoke', ['revoke']],
  ['lock', ['lock']],
  ['execute', ['execute']],
  ['comment', ['comment']],
]);

/** Kinds whose relations node-sql-parser lists. */
const LISTED: ReadonlySet<string> = new Set(['select', 'insert', 'replace', 'update', 'delete', 'truncate', 'drop']);
const FILTERED: ReadonlySet<Action> = new Set<Action>(['update', 'delete']);

function isKind(kind: string | undefined, action: Action): boolean {
  return kind !== undefined && (KINDS.get(kind)?.includes(action) ?? false);
}

type Listed = ParserReading['relations'][number];

function relationDisagreement(statements: readonly StatementFacts[], reading: ParserReading, catalogue: Catalogue): string | undefined {
  const reads = statements.flatMap((statement) => [...statement.reads, ...statement.writes]);
  const writes = new Set(statements.flatMap((statement) => statement.writes));
  for (const listed of reading.relations) {
    const own = reads.filter((name) => isSame(name, listed));
    if (own.length === 0) return 'node-sql-parser sees a relation that was not found in the statement';
    if (listed.role === 'write' && !own.some((name) => writes.has(name)))
      return 'node-sql-parser sees a relation written that was found to be read only';
  }
  if (statements.some((statement) => reachesFurther(statement, catalogue))) return undefined;
  for (const name of reads) {
    const listed = reading.relations.filter((candidate) => isSame(name, candidate));
    if (listed.length === 0) return 'the statement names a relation that node-sql-parser does not see';
    if (writes.has(name) && !listed.some(({ role }) => role === 'write'))
      return 'the statement writes a relation that node-sql-parser sees read only';
  }
  return undefined;
}

/** Names are compared without regard to case: each parser folds in its own way. */
function isSame(name: string, { schema, name: listed }: Listed): boolean {
  const parts = splitName(name).map((part) => part.toLowerCase());
  return parts.at(-1) === listed && (schema === undefined || parts.at(-2) === schema);
}

/** Relations may be among the facts that the text does not name. */
function reachesFurther(statement: StatementFacts, { relations, routines }: Catalogue): boolean {
  const touched = [...statement.reads, ...statement.writes].flatMap((name) => relations.get(name) ?? []);
  if (touched.some(({ kind, hasTriggers }) => kind === 'view' || kind === 'materialized-view' || hasTriggers)) return true;
  return statement.routines.some(({ name }) => routines.get(name)?.some(({ origin }) => origin !== 'system') ?? false);
}
