import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assertedIntent, describeIntent, INTENT_FIELDS, isIntentValue, joinIntents, MAX_INTENT_LENGTH } from './asserted-intent.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a value that can be asserted', () => {
  it.each([
    ['ticket', 'CHG-7', true],
    ['ticket', 'Änderung 7: straße', true],
    ['ticket', 'x'.repeat(MAX_INTENT_LENGTH), true],
    ['ticket', 'x'.repeat(MAX_INTENT_LENGTH + 1), false],
    ['ticket', '', false],
    ['purpose', 'two\nlines', false],
    ['purpose', 'nul\0', false],
    ['purpose', 'escape \u001b[31m', false],
    ['purpose', 'backwards \u202e', false],
    ['purpose', 'soft\u2028break', false],
    ['purpose', 'half \ud800', false],
    ['traceparent', TRACE, true],
    ['traceparent', `0${TRACE}`, false],
    ['traceparent', TRACE.toUpperCase(), false],
    ['traceparent', TRACE.replace('00-', 'ff-'), false],
    ['traceparent', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, false],
    ['traceparent', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`, false],
    ['traceparent', `${TRACE}-more`, false],
  ] as const)('%s %j: %s', (field, value, fits) => {
    expect(isIntentValue(field, value)).toBe(fits);
    const intent = assertedIntent('setting', { [field]: value });
    expect(intent).toEqual(fits ? { [field]: { value, source: 'setting' } } : undefined);
  });

  it('never holds what could move a terminal or break a line', () => {
    fc.assert(
      fc.property(fc.constantFrom(...INTENT_FIELDS), fc.string({ unit: 'binary', maxLength: 300 }), (field, value) => {
        if (isIntentValue(field, value)) expect(value).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }),
    );
  });
});

describe('what is asserted by several ways', () => {
  const setting = assertedIntent('setting', { ticket: 'CHG-1', purpose: 'support' });
  const comment = assertedIntent('comment', { ticket: 'CHG-2' });

  it('is taken field by field, from the first that says it', () => {
    expect(joinIntents(comment, setting)).toEqual({
      ticket: { value: 'CHG-2', source: 'comment' },
      purpose: { value: 'support', source: 'setting' },
    });
  });

  it('is nothing new where only one says anything', () => {
    expect(joinIntents(undefined, setting)).toBe(setting);
    expect(joinIntents(comment, undefined)).toBe(comment);
    expect(joinIntents(undefined, undefined)).toBeUndefined();
  });

  it('is shown with where it came from', () => {
    expect(describeIntent(joinIntents(comment, setting) ?? {})).toBe('purpose support (setting), ticket CHG-2 (comment)');
  });
});
