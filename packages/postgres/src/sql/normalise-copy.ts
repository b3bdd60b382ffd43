import type { Copy, Explain, Statement } from '@sqlwarden/core';
import { plainRelationName } from './normalise-names.js';
import { maybeExpression, type Normaliser } from './normaliser.js';
import { UnknownNodeError, type Shape } from './tree.js';

/** COPY and EXPLAIN: statements around another one, with options. */

/** A field that must hold a statement. */
export function inner(normaliser: Normaliser, shape: Shape, field: string): Statement {
  const child = shape.child(field);
  if (child === undefined) throw new UnknownNodeError(`${shape.name} without ${field}`);
  return normaliser.statement(child);
}

export function copy(normaliser: Normaliser, shape: Shape): Copy {
  const file = shape.optionalText('filename');
  const program = shape.flag('is_program');
  const [where] = maybeExpression(normaliser, shape, 'whereClause');
  return {
    kind: 'copy',
    span: normaliser.span,
    direction: shape.flag('is_from') ? 'from' : 'to',
    what: copySource(normaliser, shape),
    endpoint: { kind: program ? 'program' : file === undefined ? 'stream' : 'file' },
    ...(where && { where }),
    options: shape.list('options').map(copyOption),
  };
}

function copySource(normaliser: Normaliser, shape: Shape): Copy['what'] {
  const range = shape.inline('relation', 'RangeVar');
  if (range !== undefined) {
    const columns = shape.names('attlist');
    return { kind: 'relation', name: plainRelationName(range), ...(columns.length > 0 && { columns }) };
  }
  const statement = inner(normaliser, shape, 'query');
  switch (statement.kind) {
    case 'select':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return { kind: 'statement', statement };
    default:
      throw new UnknownNodeError(`CopyStmt of ${statement.kind}`);
  }
}

function copyOption(option: Shape): Copy['options'][number] {
  option.skip('defaction', 'defnamespace');
  const name = option.text('defname').toLowerCase();
  const value = option.child('arg');
  if (value === undefined) return { name, value: undefined };
  if (value.name === 'String') return { name, value: value.string() };
  if (value.name === 'Integer') return { name, value: String(value.number('ival')) };
  if (value.name === 'Boolean') return { name, value: String(value.flag('boolval')) };
  const written = value.name === 'List' ? value.list('items').map((item) => (item.name === 'String' ? item.string() : '*')) : [];
  value.skipAll();
  return { name, value: written.length === 0 ? '*' : written.join(',') };
}

export function explain(normaliser: Normaliser, shape: Shape): Explain {
  const options = shape.list('options').map((option) => copyOption(option));
  const analyze = options.findLast((option) => option.name === 'analyze');
  // Only what the server takes for false is taken for false here.
  const off = analyze?.value !== undefined && ['false', 'off', '0'].includes(analyze.value.toLowerCase());
  return { kind: 'explain', span: normaliser.span, analyze: analyze !== undefined && !off, statement: inner(normaliser, shape, 'query') };
}
