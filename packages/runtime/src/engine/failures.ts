import type { Refusal } from '@sqlwarden/core';
import type { Engine } from './engine.js';

/** The refusal of a unit that could not be judged; the operator is told why. */
export function failureRefusal(engine: Pick<Engine, 'trouble'>, error: unknown): Refusal {
  engine.trouble(error as Error);
  if (error instanceof Error && error.name === 'ControlConnectionError') {
    return { code: 'catalogue-unavailable', message: 'the schema of the database cannot be read now; try again' };
  }
  if (error instanceof Error && error.name === 'OlderTransactionError') return { code: 'catalogue-unavailable', message: error.message };
  return { code: 'internal-error', message: 'the statement could not be judged; see the log of the gateway' };
}

/** The refusal of a unit that could not be recorded; the operator is told why. */
export function ledgerRefusal(engine: Pick<Engine, 'trouble'>, error: unknown): Refusal {
  engine.trouble(error as Error);
  return { code: 'ledger-unavailable', message: 'the statement cannot be recorded, so it is not run; see the log of the gateway' };
}
