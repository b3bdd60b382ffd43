import { describe, expect, it } from '@jest/globals';
import { declaredParameters } from './declared-parameters.js';

const CONTEXT = { serverVersion: 16, lexical: { quoted_identifier: 'on', case_sensitive: 'off' } };
const read = (text: string) => declaredParameters(text, CONTEXT);

describe('the declaration of parameters', () => {
  it('has names, types and which of them come back', () => {
    expect(read("@a int, @B AS nvarchar(10) = N'x' OUTPUT, @c decimal(10, 2) out, @t dbo.[my keys] READONLY, @p phone")).toEqual([
      { name: 'a', type: 'int', isOutput: false, mayBeTable: false },
      { name: 'b', type: 'nvarchar(10)', isOutput: true, mayBeTable: false },
      { name: 'c', type: 'decimal(10, 2)', isOutput: true, mayBeTable: false },
      { name: 't', type: 'dbo.[my keys]', isOutput: false, mayBeTable: true },
      { name: 'p', type: 'phone', isOutput: false, mayBeTable: true },
    ]);
  });

  it('may be empty', () => {
    expect(read('')).toEqual([]);
    expect(read('  \n')).toEqual([]);
  });

  it.each([
    '@a',
    'a int',
    '@a int @b int',
    '@a int,',
    '@a int; DROP TABLE t',
    '@a int OUTPUT OUTPUT',
    '@a int = (SELECT 1)',
    `@a int${', @b int'.repeat(1 << 18)}`,
  ])('is not understood: %.40s', (text) => {
    expect(read(text)).toBeUndefined();
  });
});
