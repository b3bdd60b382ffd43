import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { joinName, splitName } from '../sql/names.js';
import { isLiteral, matchesName, matchesWild, parsePattern } from './pattern.js';

const SHAPE = 'upstream.schema.relation.column';

describe('parsePattern', () => {
  it.each<[string, string[], 'ignore' | 'exact', boolean]>([
    ['crm.public.people.ssn', ['crm', 'public', 'people', 'ssn'], 'exact', true],
    ['crm.public.people.ssn', ['crm', 'public', 'People', 'SSN'], 'ignore', true],
    ['crm.public.people.ssn', ['crm', 'public', 'People', 'SSN'], 'exact', false],
    ['crm.public."People".ssn', ['crm', 'public', 'people', 'ssn'], 'ignore', false],
    ['crm.public."People".ssn', ['crm', 'public', 'People', 'ssn'], 'ignore', true],
    ['crm.*.*.*mail*', ['crm', 'sales', 'contacts', 'work_email_2'], 'exact', true],
    ['crm.*.*.*mail*', ['crm', 'sales', 'contacts', 'phone'], 'exact', false],
    ['*.*.*.ssn', ['crm', 'a.b', 'c', 'ssn'], 'exact', true],
    ['crm.*.ssn.x', ['crm', 'a', 'b', 'ssn'], 'exact', false],
    ['crm.public.t."a*b"', ['crm', 'public', 't', 'a*b'], 'ignore', true],
    ['crm.public.t."a*b"', ['crm', 'public', 't', 'axb'], 'ignore', false],
    ['crm.public.t."say ""hi"""', ['crm', 'public', 't', 'say "hi"'], 'exact', true],
    ['crm.public.t.x', ['crm', 'public', 't'], 'exact', false],
    ['crm.public.straße.x', ['crm', 'public', 'STRAßE', 'X'], 'ignore', true],
  ])('%s against %j, letter case: %s', (pattern, parts, letterCase, matches) => {
    expect(matchesName(parsePattern(pattern, SHAPE), parts, letterCase)).toBe(matches);
  });

  it.each([
    '',
    'a',
    'a.b.c',
    'a.b.c.d.e',
    'a..c.d',
    '.a.b.c',
    'a.b.c.',
    'a.b.c."',
    'a.b.c."d',
    'a.b.c.""',
    'a.b.c.d e',
    'a.b."c"d.e',
    'a.b.c"d.e',
  ])('refuses %j', (source) => {
    expect(() => parsePattern(source, SHAPE)).toThrow(SyntaxError);
  });

  it('tells patterns that name one thing', () => {
    expect(isLiteral(parsePattern('a.b.c.d', SHAPE))).toBe(true);
    expect(isLiteral(parsePattern('a.b.c."*"', SHAPE))).toBe(true);
    expect(isLiteral(parsePattern('a.b.*.d', SHAPE))).toBe(false);
  });

  it('takes every name that is quoted part by part as itself', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 4, maxLength: 4 }), (parts) => {
        const quoted = parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
        return matchesName(parsePattern(quoted, SHAPE), splitName(joinName(...parts)), 'exact');
      }),
    );
  });
});

describe('matchesWild', () => {
  it('agrees with the same pattern as a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }), (pattern, text) => {
        return matchesWild(pattern, text) === new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text);
      }),
      { numRuns: 2000 },
    );
  });
  it('does not take exponential time', () => {
    const started = performance.now();
    expect(matchesWild(`${'*a'.repeat(50)}b`, 'a'.repeat(5000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
