import { describe, expect, it } from '@jest/globals';
import { ERROR_CONDITIONS } from './error-conditions.js';
import { cleanedState, cleanedText, mayRaise, NO_WORDS, type OwnWords } from './error-texts.js';

const words = (text: string): OwnWords => ({ text, database: 'shop', mayRaise: false });

describe('cleanedText', () => {
  it('shows names that the statement has, and its database', () => {
    expect(cleanedText(1146, "Table 'shop.Missing' doesn't exist", words('select * from missing'))).toBe(
      "Table 'shop.Missing' doesn't exist",
    );
    expect(cleanedText(1406, "Data too long for column 'note' at row 7", words('insert into t (note) values (1)'))).toBe(
      "Data too long for column 'note' at row 7",
    );
  });

  it('hides names that it does not have', () => {
    expect(cleanedText(1146, "Table 'shop.other' doesn't exist", words('call p()'))).toBe("Table '***' doesn't exist");
    expect(cleanedText(1048, "Column 'ssn' cannot be null", words('insert into t values (1)'))).toBe("Column '***' cannot be null");
  });

  it('hides values, also those that the statement has itself', () => {
    expect(cleanedText(1062, "Duplicate entry '123' for key 'one'", words("insert into t select '123' one"))).toBe(
      "Duplicate entry '***' for key '***'",
    );
    expect(
      cleanedText(1690, "BIGINT value is out of range in '(1 + 9223372036854775807)'", words('BIGINT (1 + 9223372036854775807)')),
    ).toBe("*** value is out of range in '***'");
  });

  it('takes nothing from a text that has another shape than the number says, or that may be somebody’s own', () => {
    expect(cleanedText(1146, '123-45-6789', words('123-45-6789'))).toBe("Table '***' doesn't exist");
    const raised: OwnWords = { ...words('signal 123'), mayRaise: true };
    expect(cleanedText(1146, "Table '123' doesn't exist", raised)).toBe("Table '***' doesn't exist");
    expect(cleanedText(1644, 'my own words', words('my own words'))).toBe('A routine raised an error');
    expect(cleanedText(31_000, 'my own words', words('my own words'))).not.toContain('words of');
    expect(cleanedText(31_000, 'secret', NO_WORDS)).not.toContain('secret');
  });

  it('is done at once with texts of hostile length', () => {
    for (const code of ERROR_CONDITIONS.keys()) expect(cleanedText(code, "' ".repeat(500_000), words('x'))).not.toContain("' ' '");
  });
});

it('cleanedState keeps what is a SQLSTATE', () => {
  expect(cleanedState(1062, '23000')).toBe('23000');
  expect(cleanedState(1062, 'no!')).toBe('23000');
  expect(cleanedState(31_000, '')).toBe('HY000');
});

it('mayRaise knows what raises errors of its own', () => {
  expect(mayRaise([{ action: 'select' }, { action: 'insert' }])).toBe(false);
  for (const action of ['call', 'raise', 'execute', 'unknown', 'do', 'control'])
    expect(mayRaise([{ action: 'select' }, { action }])).toBe(true);
});
