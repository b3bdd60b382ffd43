import type { CannedItem } from './canned-answers.js';
import type { Reply } from './reply.js';
import type { SessionState } from './session-state.js';

const TRANSACTION = /^(?:if @@trancount > 0\s+)?(begin|commit|rollback|save)(?:\s+tran(?:saction)?\b)?(?:\s+[\w@]+)?\s*;?\s*/i;

/**
 * Answers what drivers send of their own accord, and nothing that reads or writes data: SET, USE, transactions, `insert bulk`, and no statement at
 * all. False for any other text.
 */
export function answerSessionText(text: string, state: SessionState, reply: Reply): boolean {
  const plain = text.replaceAll(/\/\*.*?\*\/|--[^\n]*/gs, ' ').trim();
  if (/^insert\s+bulk\s/i.test(plain)) return true;
  const database = /^use\s+\[?([^\]\s;]+)\]?\s*;?$/i.exec(plain)?.[1];
  if (database !== undefined) {
    reply.token(state.setDatabase(database));
    return true;
  }
  if (TRANSACTION.test(plain)) return answerTransactions(plain, state, reply);
  return plain.split(/[;\n]/).every((statement) => /^\s*(?:set\s+(?!@)[^=]*)?$/i.test(statement));
}

/** One statement of transactions, or several. */
function answerTransactions(text: string, state: SessionState, reply: Reply): boolean {
  let rest = text;
  while (rest !== '') {
    const match = TRANSACTION.exec(rest);
    if (match === null) return false;
    const isIf = /^if/i.test(rest);
    rest = rest.slice(match[0].length);
    if (isIf && !state.inTransaction) continue;
    changeTransaction((match[1] ?? '').toLowerCase() as 'begin' | 'commit' | 'rollback' | 'save', state, reply);
  }
  return true;
}

/** The tokens of a change of the transaction, or the error of one that there is not. */
export function changeTransaction(action: 'begin' | 'commit' | 'rollback' | 'save', state: SessionState, reply: Reply): void {
  const token = action === 'begin' ? state.begin() : action === 'save' ? savepoint(state) : state[action]();
  if (token !== undefined) reply.token(token);
  else void reply.give([NO_TRANSACTION[action === 'commit' ? 'commit' : 'rollback']]);
}

function savepoint(state: SessionState): Buffer | undefined {
  return state.inTransaction ? Buffer.alloc(0) : undefined;
}

const NO_TRANSACTION = {
  commit: { kind: 'error', number: 3902, message: 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.' },
  rollback: { kind: 'error', number: 3903, message: 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.' },
} as const satisfies Readonly<Record<string, CannedItem>>;
