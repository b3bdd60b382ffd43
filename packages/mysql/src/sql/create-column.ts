import type { ColumnDefinition, Expression, ForeignKey, ReferentialAction, TypeName } from '@sqlwarden/core';
import { acceptCharacterSet, readNameOrString, readType } from './create-type.js';
import type { TokenCursor } from './cursor.js';
import { isName, readAnyName, readColumnList, readColumnName, readName, readRelationName } from './names.js';
import { acceptIfNotExists, skipOne } from './statement-parts.js';

/** Column definitions. MySQL Reference Manual, "CREATE TABLE Statement"; MariaDB, "CREATE TABLE", "Generated Columns", "System-Versioned Tables". */

/** The attributes of a column as they are read. */
interface Attributes {
  /** Of the column. */
  readonly name: string;
  notNull: boolean;
  readonly expressions: Expression[];
  default: Expression | undefined;
  readonly foreignKeys: ForeignKey[];
  hidden: boolean;
}

/** Reads an attribute whose first word was consumed. */
type ReadAttribute = (cursor: TokenCursor, attributes: Attributes) => void;

const nothing: ReadAttribute = () => undefined;

/** The word, number or string that follows, with or without an equals sign. */
const value: ReadAttribute = (cursor) => {
  cursor.acceptSymbol('=');
  skipOne(cursor);
};

const ATTRIBUTES: Readonly<Record<string, ReadAttribute>> = {
  not: (cursor, attributes) => {
    if (cursor.accept('null')) attributes.notNull = true;
    else if (!cursor.accept('enforced')) cursor.expect('secondary');
  },
  null: nothing,
  enforced: nothing,
  default: readDefault,
  on: (cursor, attributes) => {
    cursor.expect('update');
    attributes.expressions.push(cursor.grammar.expression(cursor));
  },
  auto_increment: nothing,
  unique: (cursor) => void cursor.accept('key'),
  primary: (cursor, attributes) => {
    cursor.expect('key');
    attributes.notNull = true;
  },
  key: (_, attributes) => {
    attributes.notNull = true;
  },
  clustering: (cursor) => void cursor.accept('key'),
  comment: value,
  collate: (cursor) => {
    cursor.acceptSymbol('=');
    readNameOrString(cursor);
  },
  column_format: value,
  storage: value,
  engine_attribute: value,
  secondary_engine_attribute: value,
  secondary: nothing,
  visible: nothing,
  invisible: (_, attributes) => {
    attributes.hidden = true;
  },
  srid: value,
  ref_system_id: value,
  serial: (cursor) => cursor.expect('default', 'value'),
  compressed: (cursor) => {
    if (cursor.acceptSymbol('=')) skipOne(cursor);
  },
  with: readVersioning,
  without: readVersioning,
  constraint: (cursor, attributes) => {
    if (!cursor.isWord('check') && !cursor.isWord('references')) readName(cursor);
    if (cursor.accept('check')) readCheck(cursor, attributes);
    else if (cursor.accept('references')) attributes.foreignKeys.push(readReference(cursor, [attributes.name]));
  },
  check: readCheck,
  references: (cursor, attributes) => {
    attributes.foreignKeys.push(readReference(cursor, [attributes.name]));
  },
  generated: (cursor, attributes) => {
    cursor.expect('always', 'as');
    readGenerated(cursor, attributes);
  },
  as: readGenerated,
  virtual: nothing,
  stored: nothing,
  persistent: nothing,
};

function readVersioning(cursor: TokenCursor): void {
  cursor.expect('system', 'versioning');
}

function readDefault(cursor: TokenCursor, attributes: Attributes): void {
  const expression = cursor.grammar.expression(cursor);
  attributes.default = expression;
  attributes.expressions.push(expression);
}

/** `AS (expression)`, `AS ROW START`, `AS IDENTITY`-like forms have no expression. */
function readGenerated(cursor: TokenCursor, attributes: Attributes): void {
  if (cursor.accept('row')) {
    if (cursor.acceptOneOf('start', 'end') === undefined) cursor.fail('START');
    return;
  }
  const expression = cursor.parenthesised(() => cursor.grammar.expression(cursor));
  attributes.default = expression;
  attributes.expressions.push(expression);
}

function readCheck(cursor: TokenCursor, attributes: Attributes): void {
  attributes.expressions.push(cursor.parenthesised(() => cursor.grammar.expression(cursor)));
}

/** What stands behind REFERENCES: the table, and rules that name nothing. */
export function readReference(cursor: TokenCursor, columns: readonly string[]): ForeignKey {
  const relation = readRelationName(cursor);
  const referenced = cursor.isSymbol('(') ? readColumnList(cursor) : [];
  const rules: { delete: ReferentialAction; update: ReferentialAction } = { delete: 'restrict', update: 'restrict' };
  if (cursor.accept('match') && cursor.acceptOneOf('full', 'partial', 'simple') === undefined) cursor.fail('FULL');
  while (cursor.isWord('on') && (cursor.isWord('delete', 1) || cursor.isWord('update', 1))) {
    cursor.next();
    const event = cursor.isWord('delete') ? 'delete' : 'update';
    cursor.next();
    rules[event] = readReferenceRule(cursor);
  }
  return { columns, relation, referenced, onDelete: rules.delete, onUpdate: rules.update };
}

function readReferenceRule(cursor: TokenCursor): ReferentialAction {
  if (cursor.accept('set')) {
    const to = cursor.acceptOneOf('null', 'default');
    if (to === undefined) cursor.fail('NULL');
    return to === 'default' ? 'set-default' : 'set-null';
  }
  if (cursor.accept('cascade')) return 'cascade';
  if (cursor.accept('no')) cursor.expect('action');
  else if (!cursor.accept('restrict')) cursor.fail('CASCADE');
  return 'restrict';
}

/** Reads the attributes behind a type, as many as there are. */
function readAttributes(cursor: TokenCursor, name: string): Attributes {
  const attributes: Attributes = { name, notNull: false, expressions: [], default: undefined, foreignKeys: [], hidden: false };
  for (;;) {
    if (acceptCharacterSet(cursor)) continue;
    const token = cursor.peek();
    const read = token.kind === 'word' && Object.hasOwn(ATTRIBUTES, token.text) ? ATTRIBUTES[token.text] : undefined;
    if (read !== undefined) {
      cursor.next();
      read(cursor, attributes);
    } else if (cursor.isMariaDb && isName(cursor) && cursor.isSymbol('=', 1)) {
      // An attribute of the storage engine.
      readAnyName(cursor);
      value(cursor, attributes);
    } else return attributes;
  }
}

const SERIAL: TypeName = { name: ['serial'], array: false };

/** `name type attributes`; a column of CREATE TABLE, ADD COLUMN, CHANGE and MODIFY. */
export function readColumnDefinition(cursor: TokenCursor): ColumnDefinition {
  const name = readColumnName(cursor);
  // MySQL: `a AS (…)` has the type of what is computed; MariaDB demands one.
  const type = cursor.accept('serial') ? SERIAL : readType(cursor);
  const { notNull, expressions, default: computed, foreignKeys, hidden } = readAttributes(cursor, name);
  return {
    name,
    type,
    ...((notNull || type === SERIAL) && { notNull: true }),
    ...(expressions.length > 0 && { expressions }),
    ...(computed !== undefined && { default: computed }),
    ...(hidden && { hidden: true }),
    ...(foreignKeys.length > 0 && { foreignKeys }),
  };
}

/** What stands in the parentheses of CREATE TABLE besides columns: keys, constraints, periods. */
export interface TableConstraint {
  readonly expressions: readonly Expression[];
  readonly foreignKeys: readonly ForeignKey[];
  /** As the dialect calls it, for people. */
  readonly what: string;
}

const CONSTRAINT_WORDS: ReadonlySet<string> = new Set([
  'constraint',
  'primary',
  'unique',
  'index',
  'key',
  'fulltext',
  'spatial',
  'foreign',
  'check',
  'clustering',
]);

/** A key, constraint or period stands here, not a column. */
export function isTableConstraint(cursor: TokenCursor): boolean {
  if (cursor.isWordOf(CONSTRAINT_WORDS)) return true;
  if (cursor.isWord('vector')) return cursor.isWord('index', 1) || cursor.isWord('key', 1) || cursor.isSymbol('(', 1);
  return cursor.areWords('period', 'for');
}

export function readTableConstraint(cursor: TokenCursor): TableConstraint {
  if (cursor.acceptWords('period', 'for')) {
    readAnyName(cursor);
    readColumnList(cursor);
    return { what: 'period', expressions: [], foreignKeys: [] };
  }
  if (cursor.accept('constraint')) {
    acceptIfNotExists(cursor);
    if (!cursor.isWordOf(CONSTRAINT_WORDS)) readName(cursor);
  }
  if (cursor.accept('foreign')) return readForeignKey(cursor);
  if (cursor.accept('check')) {
    acceptIfNotExists(cursor);
    const expression = cursor.parenthesised(() => cursor.grammar.expression(cursor));
    if (cursor.isWord('enforced') || cursor.areWords('not', 'enforced')) {
      cursor.accept('not');
      cursor.expect('enforced');
    }
    return { what: 'check', expressions: [expression], foreignKeys: [] };
  }
  return readKey(cursor);
}

function readForeignKey(cursor: TokenCursor): TableConstraint {
  cursor.expect('key');
  acceptIfNotExists(cursor);
  if (!cursor.isSymbol('(')) readName(cursor);
  const columns = readColumnList(cursor);
  cursor.expect('references');
  return { what: 'foreign key', expressions: [], foreignKeys: [readReference(cursor, columns)] };
}

function readKey(cursor: TokenCursor): TableConstraint {
  const kind = cursor.acceptOneOf('primary', 'unique', 'fulltext', 'spatial', 'clustering', 'vector');
  if (kind === 'primary') cursor.expect('key');
  else if (cursor.acceptOneOf('index', 'key') === undefined && kind === undefined) cursor.fail('KEY');
  acceptIfNotExists(cursor);
  readIndexType(cursor);
  if (!cursor.isSymbol('(')) readName(cursor);
  readIndexType(cursor);
  const isUnique = kind === 'primary' || kind === 'unique';
  const expressions = readKeyParts(cursor, isUnique);
  skipIndexOptions(cursor);
  return { what: kind === 'primary' ? 'primary key' : isUnique ? 'unique key' : 'index', expressions, foreignKeys: [] };
}

export function readIndexType(cursor: TokenCursor): void {
  if (cursor.acceptOneOf('using', 'type') !== undefined) readAnyName(cursor);
}

/**
 * `(a, b(10) DESC, (lower(c)), start WITHOUT OVERLAPS)`: the columns and expressions of an index. Where they are compared, as a unique one does,
 * the beginnings of a column are not the column.
 */
export function readKeyParts(cursor: TokenCursor, areCompared: boolean): Expression[] {
  return cursor.parenthesised(() => cursor.list(() => readKeyPart(cursor, areCompared)));
}

function readKeyPart(cursor: TokenCursor, isCompared: boolean): Expression {
  let expression: Expression = cursor.isSymbol('(')
    ? cursor.parenthesised(() => cursor.grammar.expression(cursor))
    : { kind: 'column', qualifier: [], name: readColumnName(cursor) };
  if (cursor.isSymbol('(')) {
    skipOne(cursor);
    if (isCompared) expression = { kind: 'construct', name: 'prefix', operands: [expression] };
  }
  if (cursor.acceptOneOf('asc', 'desc') === undefined && cursor.acceptWords('without', 'overlaps')) return expression;
  return expression;
}

const INDEX_OPTIONS: ReadonlySet<string> = new Set([
  'key_block_size',
  'comment',
  'engine_attribute',
  'secondary_engine_attribute',
  'using',
  'type',
]);

/** Options of an index: none of them names or reads anything. */
export function skipIndexOptions(cursor: TokenCursor): void {
  for (;;) {
    if (cursor.acceptWords('with', 'parser')) readAnyName(cursor);
    else if (cursor.acceptOneOf('visible', 'invisible', 'ignored') !== undefined) continue;
    else if (cursor.acceptWords('not', 'ignored')) continue;
    else if (cursor.isWordOf(INDEX_OPTIONS) || (cursor.isMariaDb && cursor.peek().kind === 'word' && cursor.isSymbol('=', 1))) {
      cursor.next();
      cursor.acceptSymbol('=');
      skipOne(cursor);
    } else return;
  }
}
