import type {
  Call,
  ColumnDefinition,
  ConstructItem,
  Expression,
  FromItem,
  NameParts,
  OpaqueItem,
  RoutineItem,
  SelectItem,
  SubqueryItem,
} from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';
import { operandsOf, parseCalled } from './expression-call.js';
import { parseSearched } from './expression-search.js';
import { relationalValues } from './expression-xquery.js';
import { parseAlias } from './from-alias.js';
import { ofUncertainShape } from './from-shape.js';
import { parseTableHints } from './hints.js';
import { parseIdentifier, parseRelationName, parseTypeName } from './names.js';

/** What stands in FROM like a function: table-valued functions, methods, and "Rowset functions (Transact-SQL)". */

type Source = (cursor: TokenCursor) => FromItem;

/** The third argument of STRING_SPLIT is a constant, and says whether there is a column `ordinal`: without one there is none. */
function withOrdinal(cursor: TokenCursor, call: Call): Call {
  const [, , third] = call.arguments;
  if (third === undefined || call.name.length > 1 || call.name[0] !== 'string_split') return call;
  const { expression } = third;
  if (expression.kind !== 'literal' || !/^(?:0*[01]|null)$/i.test(String(expression.value ?? null)))
    throw cursor.fail('expected 0, 1 or NULL as the third argument');
  return Number(expression.value ?? 0) === 1 ? call : { ...call, arguments: call.arguments.slice(0, 2) };
}

/** `name(arguments)` with its alias; the arguments are at the cursor. With `operand`, a method of it. */
export function parseRoutineSource(cursor: TokenCursor, name: NameParts, operand?: Expression): RoutineItem {
  const called = withOrdinal(cursor, parseCalled(cursor, name));
  const operands = operandsOf(called);
  const arguments_ = [...operands, ...relationalValues(cursor, operands)];
  const method = name.at(-1) ?? '';
  const column = name.at(-2);
  let call: Expression = called;
  if (operand !== undefined) call = { kind: 'method', operand, method, arguments: arguments_ };
  else if (column !== undefined && column !== '') {
    const owner: Expression = { kind: 'column', qualifier: name.slice(0, -2), name: column };
    // `t.c.nodes('…')` reads like a function in a schema.
    if (method === 'nodes') call = { kind: 'method', operand: owner, method, arguments: arguments_, call: called };
  }
  const columns = columnsWith(cursor);
  const alias = parseAlias(cursor);
  parseTableHints(cursor);
  return { kind: 'routine', calls: [{ call, ...(columns && { columns }) }], ordinality: false, ...(alias && { alias }) };
}

/** `WITH (name type, …)`: the columns of OPENJSON and its kin. Hints are told from them by what stands behind the first word. */
function columnsWith(cursor: TokenCursor): readonly ColumnDefinition[] | undefined {
  if (!cursor.isWord('with') || !cursor.isSymbol('(', 1) || !cursor.isIdentifier(2)) return undefined;
  if (cursor.isSymbol(',', 3) || cursor.isSymbol(')', 3) || cursor.isSymbol('(', 3)) return undefined;
  cursor.expectWord('with');
  return cursor.parenthesised((inner) => inner.list(columnWithPath));
}

/** `name type [COLLATE c] ['path'] [AS JSON]`. */
function columnWithPath(cursor: TokenCursor): ColumnDefinition {
  const name = parseIdentifier(cursor);
  const type = parseTypeName(cursor);
  if (cursor.acceptWord('collate')) parseIdentifier(cursor);
  const isConstant = cursor.isString() || cursor.peek().kind === 'integer';
  if (isConstant) cursor.next();
  cursor.acceptPhrase('as', 'json');
  if (cursor.acceptPhrase('not', 'null')) return { name, type, notNull: true };
  cursor.acceptWord('null');
  return { name, type };
}

function withAlias<T extends FromItem>(cursor: TokenCursor, item: T): T {
  const alias = parseAlias(cursor);
  return alias === undefined ? item : { ...item, alias };
}

/** "OPENJSON (Transact-SQL)". */
function openJson(cursor: TokenCursor): ConstructItem {
  const name = cursor.next().text;
  const operands = operandsOf(parseCalled(cursor, [name]));
  const columns = columnsWith(cursor)?.map((column) => column.name) ?? ['key', 'value', 'type'];
  return withAlias(cursor, { kind: 'construct', name, operands, columns });
}

const EDGE_TABLE = ['id', 'parentid', 'nodetype', 'localname', 'prefix', 'namespaceuri', 'datatype', 'prev', 'text'];

/** "OPENXML (Transact-SQL)": the columns are those of a list, of a table, or of the edge table. */
function openXml(cursor: TokenCursor): FromItem {
  const name = cursor.next().text;
  const operands = operandsOf(parseCalled(cursor, [name]));
  const inParentheses = cursor.isSymbol('(', 1) && (cursor.isSymbol(')', 3) || cursor.isSymbol('.', 3));
  if (cursor.isWord('with') && (inParentheses || cursor.isIdentifier(1))) {
    cursor.expectWord('with');
    const relations = [inParentheses ? cursor.parenthesised(parseRelationName) : parseRelationName(cursor)];
    const reason = { kind: 'unknown-node', detail: 'OPENXML with the columns of a table' } as const;
    return withAlias(cursor, { kind: 'opaque', reason, operands, relations });
  }
  const columns = columnsWith(cursor)?.map((column) => column.name) ?? EDGE_TABLE;
  return withAlias(cursor, { kind: 'construct', name, operands, columns });
}

/** OPENQUERY, OPENROWSET, OPENDATASOURCE: text for another server, or a file. */
function foreignRowset(cursor: TokenCursor): OpaqueItem {
  const name = cursor.next().text;
  const operands = cursor.parenthesised(foreignArguments);
  if (cursor.acceptSymbol('.')) parseRelationName(cursor);
  if (columnsWith(cursor) === undefined) parseTableHints(cursor);
  const reason = { kind: 'foreign-data', detail: name } as const;
  const item = withAlias(cursor, { kind: 'opaque', reason, operands } satisfies OpaqueItem);
  parseTableHints(cursor);
  return item;
}

/** Constants, names of servers and objects, `BULK 'file'`, `option = value`: what could hold a query of this server is an expression. */
function foreignArguments(cursor: TokenCursor): Expression[] {
  const operands: Expression[] = [];
  while (!cursor.isSymbol(')')) {
    if (cursor.acceptWord('bulk') || cursor.acceptSymbol(',') || cursor.acceptSymbol(';') || cursor.acceptSymbol('=')) continue;
    if (cursor.acceptSymbol('.') || cursor.acceptWord('unique')) continue;
    if (cursor.acceptWord('order')) cursor.parenthesised((inner) => inner.list(orderColumn));
    else if (cursor.isIdentifier()) cursor.next();
    else if (cursor.isSymbol('(')) operands.push(...cursor.parenthesised((inner) => inner.list(inner.grammar.value)));
    else operands.push(cursor.grammar.value(cursor));
  }
  return operands;
}

function orderColumn(cursor: TokenCursor): void {
  parseIdentifier(cursor);
  if (!cursor.acceptWord('asc')) cursor.acceptWord('desc');
}

/** The value of a column that a rowset function computes from whole rows. */
function computed(name: string, operands: readonly Expression[]): SelectItem {
  return { expression: { kind: 'construct', name, operands }, name };
}

const WHOLE_ROW: Expression = { kind: 'row', fields: [{ kind: 'star', qualifier: [] }] };

/** A rowset function that reads a table, as the query it stands for. */
function derived(cursor: TokenCursor, from: FromItem, items: readonly SelectItem[]): SubqueryItem {
  const body = { kind: 'select', items, from: [from], groupBy: [], windows: [] } as const;
  return withAlias(cursor, { kind: 'subquery', query: { kind: 'query', body, orderBy: [], locks: [] }, lateral: true });
}

/** CONTAINSTABLE, FREETEXTTABLE: `(table, columns, 'words', LANGUAGE 'x', top)`; the key may be any column. */
function searchTable(cursor: TokenCursor): FromItem {
  cursor.next();
  const parts = cursor.parenthesised((inner) => {
    const name = parseRelationName(inner);
    inner.expectSymbol(',');
    const operands = parseSearched(inner);
    while (inner.acceptSymbol(',')) {
      inner.acceptWord('language');
      operands.push(inner.grammar.value(inner));
    }
    return { name, operands };
  });
  const items = [computed('key', [WHOLE_ROW, ...parts.operands]), computed('rank', parts.operands)];
  const source: FromItem = { kind: 'relation', name: parts.name, only: false };
  return derived(cursor, source, items);
}

/** Columns of "Semantic Full-Text Search Functions". */
const SEMANTIC_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  semantickeyphrasetable: ['column_id', 'document_key', 'keyphrase', 'score'],
  semanticsimilaritytable: ['source_column_id', 'matched_column_id', 'matched_document_key', 'score'],
  semanticsimilaritydetailstable: ['keyphrase', 'score'],
};

function semanticTable(cursor: TokenCursor): FromItem {
  const word = cursor.next().text;
  const parts = cursor.parenthesised((inner) => {
    const name = parseRelationName(inner);
    inner.expectSymbol(',');
    const operands = parseSearched(inner);
    while (inner.acceptSymbol(',')) operands.push(inner.grammar.value(inner));
    return { name, operands };
  });
  const items = (SEMANTIC_COLUMNS[word] ?? []).map((column) => computed(column, [WHOLE_ROW, ...parts.operands]));
  return derived(cursor, { kind: 'relation', name: parts.name, only: false }, items);
}

const CHANGE_COLUMNS = [
  'sys_change_version',
  'sys_change_creation_version',
  'sys_change_operation',
  'sys_change_columns',
  'sys_change_context',
];

/** "CHANGETABLE (Transact-SQL)": `(CHANGES t, version)`, `(VERSION t, (keys), (values))`; it returns the keys, which may be any column. */
function changeTable(cursor: TokenCursor): FromItem {
  cursor.next();
  const parts = cursor.parenthesised((inner) => {
    const version = inner.expectOneOf('changes', 'version') === 'version';
    const name = parseRelationName(inner);
    const operands: Expression[] = [];
    while (inner.acceptSymbol(',')) {
      if (version && inner.isSymbol('(')) operands.push(...inner.parenthesised((list) => list.list(list.grammar.value)));
      else if (!inner.acceptWord('forceseek')) operands.push(inner.grammar.value(inner));
    }
    return { name, operands };
  });
  const items = CHANGE_COLUMNS.map((column) => computed(column, [WHOLE_ROW, ...parts.operands]));
  const keys: SelectItem = { expression: { kind: 'star', qualifier: [] }, name: '' };
  return ofUncertainShape(derived(cursor, { kind: 'relation', name: parts.name, only: false }, [...items, keys]));
}

/** "PREDICT (Transact-SQL)": the data, and columns that the model computes from whole rows of it. */
function predict(cursor: TokenCursor): FromItem {
  cursor.next();
  const parts = cursor.parenthesised((inner) => {
    inner.expectWord('model');
    inner.expectSymbol('=');
    const model = inner.grammar.value(inner);
    inner.expectSymbol(',');
    inner.expectWord('data');
    inner.expectSymbol('=');
    const data = inner.grammar.fromItem(inner);
    while (inner.acceptSymbol(',')) {
      parseIdentifier(inner);
      inner.expectSymbol('=');
      parseIdentifier(inner);
    }
    return { model, data };
  });
  const columns = columnsWith(cursor) ?? [];
  const items = columns.map((column) => computed(column.name, [WHOLE_ROW, parts.model]));
  const rows: SelectItem = { expression: { kind: 'star', qualifier: [] }, name: '' };
  return ofUncertainShape(derived(cursor, parts.data, [rows, ...items]));
}

/** "VECTOR_SEARCH (Transact-SQL)": `(TABLE = t AS a, COLUMN = c, SIMILAR_TO = v, …)`: the rows, and their distance. */
function vectorSearch(cursor: TokenCursor): FromItem {
  cursor.next();
  const parts = cursor.parenthesised((inner) => {
    inner.expectWord('table');
    inner.expectSymbol('=');
    const data = inner.grammar.fromItem(inner);
    const operands: Expression[] = [];
    while (inner.acceptSymbol(',')) {
      if (!inner.acceptWord('column')) parseIdentifier(inner);
      inner.expectSymbol('=');
      operands.push(inner.grammar.value(inner));
    }
    return { data, operands };
  });
  const rows: SelectItem = { expression: { kind: 'star', qualifier: [] }, name: '' };
  parseTableHints(cursor);
  return ofUncertainShape(derived(cursor, parts.data, [rows, computed('distance', parts.operands)]));
}

/** Sources whose arguments are more than expressions, by their word. */
export const ROWSET_FUNCTIONS: ReadonlyMap<string, Source> = new Map<string, Source>([
  ['openjson', openJson],
  ['openxml', openXml],
  ['openquery', foreignRowset],
  ['openrowset', foreignRowset],
  ['opendatasource', foreignRowset],
  ['containstable', searchTable],
  ['freetexttable', searchTable],
  ['semantickeyphrasetable', semanticTable],
  ['semanticsimilaritytable', semanticTable],
  ['semanticsimilaritydetailstable', semanticTable],
  ['changetable', changeTable],
  ['predict', predict],
  ['vector_search', vectorSearch],
]);
