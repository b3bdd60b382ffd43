import type { Expression } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** The default of a parameter and the argument of EXECUTE: a constant, a variable, or a word that stands for its own text. */
export function parseConstant(cursor: TokenCursor): Expression {
  const token = cursor.peek();
  if (cursor.isIdentifier()) {
    cursor.next();
    return { kind: 'literal', type: 'string', value: token.text };
  }
  if (cursor.isSymbol('-') || cursor.isSymbol('+')) {
    cursor.next();
    const operand = parseConstant(cursor);
    return { kind: 'operator', operator: { symbol: token.text }, operands: [operand] };
  }
  return constantToken(cursor);
}

function constantToken(cursor: TokenCursor): Expression {
  const { kind, text } = cursor.peek();
  switch (kind) {
    case 'variable':
      cursor.next();
      return text.startsWith('@@')
        ? { kind: 'variable', scope: 'system', name: text.slice(2) }
        : { kind: 'variable', scope: 'local', name: text.slice(1) };
    case 'string':
    case 'national':
      cursor.next();
      return { kind: 'literal', type: 'string', value: text };
    case 'integer':
      cursor.next();
      return { kind: 'literal', type: 'integer', value: text };
    case 'decimal':
    case 'float':
      cursor.next();
      return { kind: 'literal', type: 'number', value: text };
    case 'money':
    case 'binary':
      cursor.next();
      return { kind: 'literal', type: 'other', value: text };
    case 'word':
      return constantWord(cursor);
    case 'quoted':
    case 'symbol':
    case 'end':
      throw cursor.fail('expected a constant or a variable');
  }
}

function constantWord(cursor: TokenCursor): Expression {
  if (cursor.acceptWord('null')) return { kind: 'literal', type: 'null', value: null };
  if (cursor.acceptWord('default')) return { kind: 'default' };
  throw cursor.fail('expected a constant or a variable');
}
