import type { Call, Cast, DocumentAccess, Expression, Literal, Operator } from '@sqlwarden/core';

/** What an access is called by: names that a user may have given to something else. */
export interface AccessName {
  readonly kind: 'operator' | 'function' | 'type' | 'subscript';
  readonly name: string;
  readonly schema?: string;
}

type Access = DocumentAccess & { readonly by: readonly AccessName[] };
type Token = string | null;

const EXTRACTING_FUNCTIONS: ReadonlySet<string> = new Set([
  'json_extract_path',
  'json_extract_path_text',
  'jsonb_extract_path',
  'jsonb_extract_path_text',
]);

/**
 * Access to a part of a document by `->`, `->>`, `#>`, `#>>`, `json_extract_path` and its kin, or a subscript ("JSON Functions and Operators",
 * "jsonb Subscripting"). Other ways to read a part (`jsonb_path_query`, `JSON_VALUE`, …) read all of it.
 */
export function documentAccess(expression: Expression): Access | undefined {
  switch (expression.kind) {
    case 'operator':
      return byOperator(expression);
    case 'call':
      return byCall(expression);
    case 'subscript':
      return access(expression.operand, expression.indices, []);
    case 'cast': {
      // A text that is read as a document, and a document of the other type.
      const name = castName(expression);
      if (name === undefined || (name.name !== 'json' && name.name !== 'jsonb')) return undefined;
      return { document: expression.operand, path: [], choosing: [], by: [name] };
    }
    default:
      return undefined;
  }
}

function byOperator({ operator, operands }: Operator): Access | undefined {
  const [document, key] = operands;
  if (document === undefined || key === undefined) return undefined;
  const name: AccessName = { kind: 'operator', name: operator.symbol, ...schemaOf(operator.schema) };
  if (operator.symbol === '->' || operator.symbol === '->>') return access(document, [key], [name]);
  if (operator.symbol !== '#>' && operator.symbol !== '#>>') return undefined;
  const { constant, by } = constantOf(key);
  const path = constant?.type === 'string' && typeof constant.value === 'string' ? arrayTokens(constant.value) : undefined;
  return path === undefined ? undefined : { document, path, choosing: [], by: [name, ...by] };
}

function byCall(call: Call): Access | undefined {
  const [document, ...keys] = call.arguments.map((argument) => argument.expression);
  const name = call.name.at(-1) ?? '';
  const plain = call.filter === undefined && call.over === undefined && call.distinct !== true && call.orderBy === undefined;
  if (document === undefined || !plain || !EXTRACTING_FUNCTIONS.has(name)) return undefined;
  if (call.arguments.some((argument) => argument.name !== undefined)) return undefined;
  return access(document, keys, [{ kind: 'function', name, ...schemaOf(call.name.at(-2)) }]);
}

function access(document: Expression, keys: readonly Expression[], by: readonly AccessName[]): Access {
  const read = keys.map(constantOf);
  return {
    document,
    path: read.map(({ constant }) => tokenOf(constant)),
    choosing: keys.filter((key, at) => read[at]?.constant === undefined && key.kind !== 'parameter'),
    by: [...by, ...read.flatMap((key) => key.by)],
  };
}

function schemaOf(schema: string | undefined): { readonly schema?: string } {
  return schema === undefined ? {} : { schema };
}

/** The type of a cast that changes no value that it takes. */
function castName({ type }: Cast): AccessName | undefined {
  if (type.array || type.modified === true) return undefined;
  return { kind: 'type', name: type.name.at(-1) ?? '', ...schemaOf(type.name.at(-2)) };
}

const KEY_TYPES: ReadonlySet<string> = new Set(['text', 'int4', 'integer']);

/** A constant, also under a cast to what it is anyway, as definitions of views show it. */
function constantOf(key: Expression): { readonly constant: Literal | undefined; readonly by: readonly AccessName[] } {
  if (key.kind === 'literal') return { constant: key, by: [] };
  if (key.kind !== 'cast' || key.operand.kind !== 'literal') return { constant: undefined, by: [] };
  const isArray = key.type.array && key.type.modified !== true && key.type.name.at(-1) === 'text';
  const name = isArray ? ({ kind: 'type', name: 'text', ...schemaOf(key.type.name.at(-2)) } as const) : castName(key);
  return name !== undefined && KEY_TYPES.has(name.name) ? { constant: key.operand, by: [name] } : { constant: undefined, by: [] };
}

/** A key or position that is written in the statement. */
function tokenOf(constant: Literal | undefined): Token {
  if (constant === undefined || typeof constant.value !== 'string') return null;
  if (constant.type === 'string') return keyToken(constant.value);
  // `0x1` and `1_0` are numbers, too.
  return constant.type === 'integer' && POSITION.test(constant.value) ? constant.value : null;
}

const LIKE_A_POSITION = /^\s*[+-]?\d+\s*$/;
const POSITION = /^(?:0|[1-9]\d*)$/;

/** Of an array a key is a position however it is written (` +01`), and one that is negative counts from the end. */
function keyToken(text: string): Token {
  return LIKE_A_POSITION.test(text) && !POSITION.test(text) ? null : text;
}

const PLAIN_ELEMENTS = /^\{[^{}"\\\s,]+(?:,[^{}"\\\s,]+)*\}$/;

/** `{a,b}` without anything that would have to be read as an array is. */
function arrayTokens(text: string): readonly Token[] | undefined {
  if (!PLAIN_ELEMENTS.test(text)) return undefined;
  const tokens = text.slice(1, -1).split(',');
  return tokens.some((token) => token.toLowerCase() === 'null') ? undefined : tokens.map(keyToken);
}
