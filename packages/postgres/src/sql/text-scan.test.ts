import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { measureText } from './text-scan.js';

describe('measureText', () => {
  it('counts the nesting of parentheses, brackets and CASE', () => {
    expect(measureText('select ((a[(b)]))').depth).toBe(4);
    expect(measureText('select case when a then case when b then 1 end end').depth).toBe(2);
  });

  it('counts operators that nest, and not those that stand side by side', () => {
    expect(measureText("select 'a' || 'b' || 'c'").depth).toBe(2);
    expect(measureText('select - - +1').depth).toBe(3);
    expect(measureText('select 1*-+-1').depth).toBe(4);
    expect(measureText('select a::int::text').depth).toBe(2);
    expect(measureText('select t.and+t. or+t.limit+1').depth).toBe(3);
    expect(measureText('select a=1 and b=2 and c=3 and d=4').depth).toBe(1);
    expect(measureText('select 1+1, 1+1, 1+1').depth).toBe(1);
  });

  it.each([
    ['a string', "select '((((' "],
    ['a string with a doubled quote', "select '''((((' "],
    ['an escape string', String.raw`select e'\'((((' `],
    ['a name in quotes', 'select "((((" '],
    ['a dollar-quoted constant', 'select $tag$ (((( $$ $tag$'],
    ['a line comment', 'select 1 -- (((('],
    ['a block comment', 'select 1 /* (( /* (( */ (( */'],
  ])('sees nothing in %s', (_, text) => {
    expect(measureText(text).depth).toBe(0);
  });

  it('takes a backslash in a plain string for itself', () => {
    expect(measureText(String.raw`select '\' || ((a))`).depth).toBe(3);
  });

  it('counts the nesting of comments', () => {
    expect(measureText(`${'/*'.repeat(40)} x ${'*/'.repeat(40)}`).commentDepth).toBe(40);
  });

  it('does not count constants as words', () => {
    expect(measureText("values (1, 'a', null, true), (2, 'b', default, false)").words).toBe(1);
  });

  it('counts UPDATE inside of UPDATE, and neither FOR UPDATE nor one beside another', () => {
    expect(measureText('update t set (a,b) = (with x as (update t set (a,b) = (select 1,2)) select 1,2)').updateDepth).toBe(2);
    expect(measureText('select 1 for update; update t set a=1; update u set b=2').updateDepth).toBe(1);
    expect(measureText('select (select 1 for no key update)').updateDepth).toBe(0);
  });

  it('ends for any text, closed or not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("'", '"', '$', '$a$', '/*', '*/', '--', '\n', '(', ')', '[', ']', 'e', '\\', 'case', 'end', ' ', ',')),
        (parts) => {
          const measure = measureText(parts.join(''));
          expect(measure.depth).toBeGreaterThanOrEqual(0);
          expect(measure.depth).toBeLessThanOrEqual(parts.join('').length);
        },
      ),
    );
  });

  it('is linear: a long text takes no time', () => {
    const started = performance.now();
    measureText(`values ${"(1, 'x', -2.5),".repeat(40_000)}`);
    measureText('$a '.repeat(200_000));
    measureText('/*'.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
