/** A function that libpq calls by FunctionCall, and the statement that does the same. */
export interface LargeObjectCall {
  readonly text: string;
  /** Types of its arguments. */
  readonly types: readonly number[];
}

const BYTEA = 17;
const INT8 = 20;
const INT4 = 23;
const OID = 26;

function call(name: string, ...types: number[]): LargeObjectCall {
  return { text: `SELECT pg_catalog.${name}(${types.map((_, at) => `$${at + 1}`).join(', ')})`, types };
}

/**
 * By object id, which are fixed (pg_proc.dat): the functions of libpq's large object interface ("Large Objects: Client Interfaces"), which are
 * the only ones that clients still call this way. Judged as the statement that stands for them; what is no function of these is refused.
 */
export const LARGE_OBJECT_CALLS: ReadonlyMap<number, LargeObjectCall> = new Map([
  [715, call('lo_create', OID)],
  [952, call('lo_open', OID, INT4)],
  [953, call('lo_close', INT4)],
  [954, call('loread', INT4, INT4)],
  [955, call('lowrite', INT4, BYTEA)],
  [956, call('lo_lseek', INT4, INT4, INT4)],
  [957, call('lo_creat', INT4)],
  [958, call('lo_tell', INT4)],
  [964, call('lo_unlink', OID)],
  [1004, call('lo_truncate', INT4, INT4)],
  [3170, call('lo_lseek64', INT4, INT8, INT4)],
  [3171, call('lo_tell64', INT4)],
  [3172, call('lo_truncate64', INT4, INT8)],
]);
