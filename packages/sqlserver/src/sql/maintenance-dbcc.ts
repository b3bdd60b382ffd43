import type { Expression, NameParts, Statement } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { tryParse } from './execute-text.js';
import { parseRelationName } from './names.js';
import { skipTail } from './skip.js';

/** DBCC ("DBCC (Transact-SQL)"). */

/** DBCC commands that only tell of storage and settings, or work on storage. */
const MAINTAINING = new Set(
  `checkalloc checkcatalog checkdb checkfilegroup checkident checktable cleantable clonedatabase dbreindex dbrepair dropcleanbuffers
  flushauthcache free freeproccache freesessioncache freesystemcache incrementoffset indexdefrag pintable shrinkdatabase shrinkfile traceoff
  traceon unpintable updateusage`.split(/\s+/),
);
const TELLING = new Set([
  'help',
  'memorystatus',
  'opentran',
  'perfmon',
  'proccache',
  'showcontig',
  'sqlperf',
  'tracestatus',
  'useroptions',
]);

/** Of those, the ones that return a row of what they did. */
const SHRINKING = new Set(['indexdefrag', 'shrinkdatabase', 'shrinkfile']);

function isVariable({ kind }: Expression): boolean {
  return kind === 'variable';
}

/** Whether the word is among the options behind WITH, which end where the statement does. */
function hasOption(cursor: TokenCursor, word: string): boolean {
  if (!cursor.isWord('with')) return false;
  for (let at = 1; ; at += 2) {
    if (cursor.isWordAt(at, word)) return true;
    if (!cursor.isSymbol(',', at + 1)) return false;
  }
}

/** `DBCC command [(arguments)] [WITH options]`: commands that are not known may show pages, texts of sessions or histograms. */
export function parseDbcc(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  const { kind, text } = cursor.next();
  if (kind !== 'word') throw cursor.fail('expected a command of DBCC');
  const arguments_ = cursor.isSymbol('(') ? dbccArguments(cursor) : [];
  const asTable = hasOption(cursor, 'tableresults');
  if (cursor.isWord('with')) skipTail(cursor);
  const what = `dbcc ${text}`;
  const relations = relationArgument(cursor, arguments_[RELATION_AT.get(text) ?? Infinity]);
  if (MAINTAINING.has(text) && !asTable && !SHRINKING.has(text) && !arguments_.some(isVariable))
    return { kind: 'maintenance', span: cursor.spanFrom(start), action: 'maintain', what, names: relations };
  const span = cursor.spanFrom(start);
  // What a variable holds stays behind in the database.
  const known = (MAINTAINING.has(text) || TELLING.has(text)) && !arguments_.some(isVariable);
  return { kind: 'show', span, what, relations, ...(!known && { reveals: { kind: 'foreign-data', detail: what } }) };
}

/** Where the relation stands among the arguments of the commands that name one. */
const RELATION_AT: ReadonlyMap<string, number> = new Map([
  ['checktable', 0],
  ['checkident', 0],
  ['checkconstraints', 0],
  ['cleantable', 1],
  ['dbreindex', 0],
  ['indexdefrag', 1],
  ['show_statistics', 0],
  ['showcontig', 0],
  ['updateusage', 1],
]);

/** Constants, variables and names. */
const ARGUMENTS: ReadonlySet<Expression['kind']> = new Set(['literal', 'column', 'variable', 'session-value']);

function dbccArguments(cursor: TokenCursor): Expression[] {
  return cursor.parenthesised((inside) => (inside.isSymbol(')') ? [] : inside.list(dbccArgument)));
}

/** `[name =] value`. */
function dbccArgument(cursor: TokenCursor): Expression {
  if (cursor.isIdentifier() && cursor.isSymbol('=', 1)) {
    cursor.next();
    cursor.next();
  }
  const argument = cursor.grammar.value(cursor);
  if (!ARGUMENTS.has(argument.kind)) throw cursor.fail('expected a constant or a name');
  return argument;
}

/** The relation that a string or a name stands for. */
function relationArgument(cursor: TokenCursor, argument: Expression | undefined): NameParts[] {
  if (argument?.kind === 'column') return [[...argument.qualifier, argument.name]];
  if (argument?.kind !== 'literal' || typeof argument.value !== 'string' || argument.type !== 'string') return [];
  const { value } = argument;
  const name = tryParse(() => parseRelationName(cursor.inner(value)));
  return name === undefined ? [] : [name];
}
