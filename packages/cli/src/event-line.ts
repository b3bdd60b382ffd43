import {
  type AssertedIntent,
  describeIntent,
  describePrincipal,
  describeRevocation,
  type LedgerEvent,
  type LedgerEventType,
  type Principal,
  type StatementCompleted,
  type StatementOutcome,
  type UnitRecord,
} from '@sqlwarden/core';
import type { LedgerEntry, ReadContext } from '@sqlwarden/ledger';
import { describeDuration, plural } from './duration.js';
import { entryName, type LedgerLog } from './ledger-logs.js';
import { oneLine, type Style, type Terminal } from './terminal.js';

interface EventLine {
  readonly word: string;
  readonly style?: Style;
  readonly text: string;
}

type Describers = {
  readonly [Type in LedgerEventType]: (
    event: Extract<LedgerEvent, { readonly type: Type }>,
    entry: LedgerEntry,
    context: ReadContext | undefined,
  ) => EventLine;
};

const DESCRIBERS = {
  'log.opened': ({ software, recovered }) => ({
    word: 'opened',
    text: `by ${software}${recovered ? ', after it was not closed in order' : ''}`,
  }),
  'log.closed': () => ({ word: 'closed', text: 'in order' }),
  heartbeat: ({ sessions }) => ({ word: 'heartbeat', style: 'dim', text: plural(sessions, 'session') }),
  'policy.loaded': ({ digest, mode, files, inactive }) => ({
    word: 'policy',
    text: `${digest.slice(0, 12)} ${mode}, ${plural(files.length, 'file')}${inactive.length === 0 ? '' : `, ${plural(inactive.length, 'part')} inactive`}`,
  }),
  'session.opened': ({ principal, upstream, client, serverUser, serverRole = serverUser }) => ({
    word: 'login',
    text: `${who(principal)} to ${upstream}${serverRole === undefined ? '' : ` as ${serverRole}`} from ${client}`,
  }),
  'session.closed': ({ reason, durationMs }) => ({
    word: 'logout',
    style: 'dim',
    text: `${reason}, after ${describeDuration(durationMs)}`,
  }),
  'session.renewed': ({ principal, by }) => ({
    word: 'renewed',
    style: 'dim',
    text: `${who(principal)} until ${new Date(principal.expiresAt).toISOString()}, ${by === 'statement' ? 'by a statement' : 'from its source'}`,
  }),
  'session.killed': ({ session, by, reason }) => ({
    word: 'KILLED',
    style: 'red',
    text: `session ${session} by ${who(by)}${reason === undefined ? '' : `: ${reason}`}`,
  }),
  'revocations.changed': ({ source, added, lifted, by }) => ({
    word: added.length > 0 ? 'REVOKED' : 'lifted',
    style: 'red',
    text: [
      ...added.map((revocation) => describeRevocation(revocation)),
      ...lifted.map((revocation) => `no longer: ${describeRevocation(revocation)}`),
      by === undefined ? `by the ${source}` : `by ${who(by)}`,
    ].join('; '),
  }),
  'login.refused': ({ upstream, client, code, message }) => ({
    word: 'NO LOGIN',
    style: 'red',
    text: `${upstream} from ${client}: ${code}: ${message}`,
  }),
  'token.issued': ({ principal, agent, client, inputs }) => ({
    word: 'token',
    text: `to ${agent} at ${client} for ${who(principal)} until ${new Date(principal.expiresAt).toISOString()}, by tokens of ${inputs.map(({ issuer }) => issuer).join(' and ')}`,
  }),
  'token.refused': ({ client, error, code, message, subject, actor }) => ({
    word: 'NO TOKEN',
    style: 'red',
    text: `${client}${actor === undefined ? '' : `, ${who(actor)}`}${subject === undefined ? '' : `, for ${who(subject)}`}: ${error}, ${code}: ${message}`,
  }),
  'statement.intent': (event, entry) => ({
    word: event.verdict,
    style: event.verdict === 'allow' ? 'green' : 'yellow',
    text: `${who(event.principal)}: ${statement(entry)}${said(event)}${masked(event)}${event.approval === undefined ? '' : ` [request ${event.approval.request}]`}`,
  }),
  'statement.refused': (event, entry) => ({
    word: 'REFUSED',
    style: 'red',
    text: `${who(event.principal)}: ${statement(entry)}${said(event)} [${event.code}${event.rule === undefined ? '' : `, ${event.rule}`}]`,
  }),
  'statement.outcome': (event) => ({
    word: event.status,
    style: event.status === 'ok' ? 'dim' : 'yellow',
    text: [`entry ${event.intent}`, ...results(event)].join(', '),
  }),
  'statement.decided': (event, entry) => ({
    word: 'decided',
    style: 'dim',
    text: `${event.verdict}: ${statement(entry)}${masked(event)}`,
  }),
  'statement.completed': (event, _entry, context) => ({
    word: event.status,
    style: event.status === 'ok' ? 'green' : 'yellow',
    text: `${context === undefined ? `session ${event.session}: as decided in entry ${event.decision}` : `${who(context.session.principal)}: ${statement(context.decision)}${masked(context.decision.event)}`}${said(event)} [${results(event).join(', ')}]`,
  }),
  'transaction.ended': ({ transaction, end }) => ({ word: end, style: 'dim', text: `transaction ${transaction}` }),
  'approval.requested': (event, entry) => ({
    word: 'held',
    style: 'yellow',
    text: `request ${event.request} of ${who(event.requester)} for ${event.groups.join(', ')}: ${oneLine(disclosed(entry, 'text') ?? '(text erased)', 300)}`,
  }),
  'approval.decided': ({ decision, request, approver }) => ({
    word: decision === 'approve' ? 'approved' : 'rejected',
    style: decision === 'approve' ? 'green' : 'red',
    text: `request ${request} by ${who(approver)}`,
  }),
  'approval.ended': ({ request, end }) => ({ word: end, style: 'dim', text: `request ${request}` }),
  'security.finding': ({ kind, detail }) => ({ word: 'SECURITY', style: 'red', text: `${kind}: ${detail}` }),
  'schema.changed': ({ upstream, changes, intent }) => ({
    word: 'schema',
    style: 'cyan',
    text: `${upstream}: ${changes.map(({ operation, kind, name }) => `${operation} ${kind} ${name}`).join(', ')}${intent === undefined ? ' (not by us)' : ` (entry ${intent})`}`,
  }),
  'sink.stopped': ({ sink, next, reason }) => ({ word: 'SINK', style: 'red', text: `${sink} has stopped before entry ${next}: ${reason}` }),
  'sink.resumed': ({ sink, next }) => ({ word: 'sink', style: 'dim', text: `${sink} goes on with entry ${next}` }),
  'key.rotated': ({ next, by }) => ({ word: 'new key', style: 'cyan', text: `${next}${by === undefined ? '' : ` by ${who(by)}`}` }),
  'values.erased': ({ entries, names, reason, by }) => ({
    word: 'erased',
    style: 'yellow',
    text: `${names.length === 0 ? 'all values' : names.join(', ')} of ${ranges(entries)}${by === undefined ? '' : ` by ${who(by)}`}: ${reason}`,
  }),
  'retention.applied': ({ entriesBefore, valuesBefore, by }) => ({
    word: 'retention',
    style: 'yellow',
    text: `removed entries before ${entriesBefore} and values of entries before ${valuesBefore}${by === undefined ? '' : ` by ${who(by)}`}`,
  }),
} as const satisfies Describers;

/** An entry in one line, for people; `log` where it is one of several, `context` where it is of a read. */
export function printEntry(entry: LedgerEntry, out: Terminal, log?: LedgerLog, context?: ReadContext): void {
  const { event } = entry;
  const describe = DESCRIBERS[event.type] as (event: LedgerEvent, entry: LedgerEntry, context: ReadContext | undefined) => EventLine;
  const { word, style, text } = describe(event, entry, context);
  const shown = word.padEnd(10);
  const head = `${(log === undefined ? String(entry.seq) : entryName(log, entry.seq)).padStart(6)}  ${new Date(event.time).toISOString()}  `;
  out.line(`${out.style('dim', head)}${style === undefined ? shown : out.style(style, shown)}  ${oneLine(text, 400)}`);
}

/** The value behind a commitment of the entry, where it is still there. */
export function disclosed(entry: LedgerEntry, name: string): string | undefined {
  return entry.disclosures.find((disclosure) => disclosure.name === name)?.value;
}

function who(principal: Principal): string {
  return describePrincipal(principal);
}

function statement(entry: LedgerEntry): string {
  return oneLine(disclosed(entry, 'text') ?? '(text erased)', 200);
}

const SHOWN_RANGES = 10;

function ranges(entries: readonly (readonly [number, number])[]): string {
  const shown = entries.slice(0, SHOWN_RANGES).map(([first, last]) => (first === last ? `entry ${first}` : `entries ${first} to ${last}`));
  const more = entries.length - shown.length;
  return [...shown, ...(more === 0 ? [] : [`${more} more`])].join(', ');
}

/** What came of a unit. */
function results({ statements, errorCode, maskedCells, durationUs }: StatementOutcome | StatementCompleted): string[] {
  return [
    ...statements.map(
      ({ command, rowsReturned, rowsAffected, transaction }) =>
        `${command} ${rowsAffected ?? rowsReturned}${transaction === undefined ? '' : ` in transaction ${transaction}`}`,
    ),
    ...(errorCode === undefined ? [] : [`error ${errorCode}`]),
    ...(maskedCells === 0 ? [] : [`${maskedCells} cells masked`]),
    `${(durationUs / 1000).toFixed(1)} ms`,
  ];
}

/** Why it was run, as its sender says. */
function said({ asserted }: { readonly asserted?: AssertedIntent }): string {
  return asserted === undefined ? '' : ` [asserted ${describeIntent(asserted)}]`;
}

function masked({ masks }: Pick<UnitRecord, 'masks'>): string {
  const labels = [...new Set(masks.map(({ label }) => label))];
  return labels.length === 0 ? '' : ` [masked ${labels.join(', ')}]`;
}
