import type { SessionSetting, Statement } from '@sqlwarden/core';

/** FMTONLY that is ON for queries of its own batch alone. */
export const FORMAT_OF_QUERIES = 'fmtonly_of_queries';

/**
 * `SET FMTONLY ON query … SET FMTONLY OFF`, by which clients ask what columns queries have ("SET FMTONLY"): they have their results, which are empty, and
 * nothing else of the session is other than without it. With anything else in between, which would be simulated and not be done, FMTONLY stays
 * what it is. So it does where an error ends the batch in between: that the next probe of the state finds out.
 */
export function formatsOfQueries(statements: readonly Statement[]): Statement[] {
  const read = [...statements];
  for (const [at, statement] of read.entries()) {
    if (!isFormatOnly(statement, 'on')) continue;
    const end = read.findIndex((each, index) => index > at && !isPlainQuery(each));
    const off = read[end];
    if (off === undefined || !isFormatOnly(off, 'off')) continue;
    read[at] = { ...statement, name: FORMAT_OF_QUERIES };
  }
  return read;
}

const isPlainQuery = (statement: Statement): boolean => statement.kind === 'select' && statement.into === undefined;

function isFormatOnly(statement: Statement, value: 'on' | 'off'): statement is SessionSetting {
  if (statement.kind !== 'setting' || !Array.isArray(statement.values)) return false;
  return statement.name === (value === 'on' ? 'fmtonly' : 'fmtonly_off') && statement.values[0] === value;
}
