import { describePrincipal } from '@sqlwarden/core';
import type { OutcomeAccount, StatementAccount } from '@sqlwarden/ledger';
import { entryName, type LedgerLog } from './ledger-logs.js';
import { oneLine, type Terminal } from './terminal.js';

/** A unit and what came of it in two or three lines, for people. */
export function printAccount(account: StatementAccount, out: Terminal, log?: LedgerLog): void {
  const { time, principal, verdict, text, labels, outcome, transaction, approval } = account;
  const shown = verdict === 'refused' ? out.style('red', 'REFUSED') : verdict === 'allow' ? 'allowed' : out.style('yellow', verdict);
  out.line(
    `${out.style('dim', `${(log === undefined ? String(account.seq) : entryName(log, account.seq)).padStart(6)}  ${new Date(time).toISOString()}`)}  ${shown}  ${oneLine(describePrincipal(principal), 400)}`,
  );
  out.line(`        ${out.style('cyan', oneLine(text ?? '(text erased)', 200))}`);
  const notes = [
    describeOutcome(outcome),
    ...(transaction.end === 'none' || transaction.end === 'committed' ? [] : [`transaction ${transaction.end}`]),
    ...(labels.length === 0 ? [] : [`labels ${labels.join(', ')}`]),
    ...(approval === undefined ? [] : [`request ${approval.request}`]),
  ];
  out.line(`        ${oneLine(notes.join('; '), 400)}`);
}

function describeOutcome(outcome: OutcomeAccount): string {
  switch (outcome.kind) {
    case 'done': {
      const rows = outcome.statements
        .map(
          ({ command, rowsReturned, rowsAffected, end }) =>
            `${command} ${rowsAffected ?? rowsReturned}${end === undefined ? '' : ` (${end})`}`,
        )
        .join(', ');
      return `${outcome.status}${outcome.errorCode === undefined ? '' : ` ${outcome.errorCode}`}${rows === '' ? '' : `: ${rows}`}${outcome.maskedCells === 0 ? '' : `, ${outcome.maskedCells} cells masked`}`;
    }
    case 'lost':
      return 'what came of it is not known';
    case 'running':
      return 'not back yet';
    case 'refused':
      return `${outcome.code}${outcome.rule === undefined ? '' : ` (${outcome.rule})`}: ${outcome.message}`;
  }
}
