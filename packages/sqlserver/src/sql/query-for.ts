import type { TokenCursor } from './cursor.js';

/** "FOR Clause (Transact-SQL)": FOR XML, FOR JSON, FOR BROWSE. */

/** The columns that the documents are sent in. */
const XML_COLUMN = 'XML_F52E2B61-18A1-11d1-B105-00805F49916B';
const JSON_COLUMN = 'JSON_F52E2B61-18A1-11d1-B105-00805F49916B';

/** The column of the document; `undefined` when rows stay rows. FOR UPDATE and FOR READ ONLY belong to cursors and are left alone. */
export function parseFor(cursor: TokenCursor): string | undefined {
  if (!cursor.isWord('for')) return undefined;
  if (cursor.acceptPhrase('for', 'browse')) return undefined;
  if (cursor.acceptPhrase('for', 'xml')) {
    // With TYPE the document is a value of type xml, in a column without a name.
    return options(cursor).includes('type') ? '' : XML_COLUMN;
  }
  if (!cursor.acceptPhrase('for', 'json')) return undefined;
  options(cursor);
  return JSON_COLUMN;
}

/** `PATH ('name'), ROOT ('name'), ELEMENTS XSINIL, …`: words, and names in parentheses. */
function options(cursor: TokenCursor): string[] {
  return cursor.list((inner) => {
    if (!inner.isIdentifier()) throw inner.fail('expected an option of FOR');
    const word = inner.next().text;
    if (word === 'binary') inner.expectWord('base64');
    if (word === 'elements' && !inner.acceptWord('xsinil')) inner.acceptWord('absent');
    if (inner.isSymbol('(')) inner.parenthesised(name);
    return word;
  });
}

function name(cursor: TokenCursor): void {
  if (!cursor.isString()) throw cursor.fail('expected a string');
  cursor.next();
}
