import { type Actor, describeIntent, type Model, type Party, type Principal, unreachable } from '@sqlwarden/core';
import type { CommitState, DoneOutcome, OutcomeAccount } from './account.js';
import type { WhyAnswer, WhyQuestion, WhySchemaChange, WhyStatement } from './why.js';

const TEXT_LINES = 6;
const LABEL_WIDTH = 11;

/** The answer as text for a person, in lines without colour and without a newline at the end. */
export function formatWhy(answer: WhyAnswer): string {
  const { totals } = answer;
  const lines = [`Why ${subjectOf(answer.question)}`, ''];
  lines.push(...labelLines(answer), '');
  section(lines, 'CHANGES', totals.changes, answer.changes, changeNote(answer));
  section(lines, 'READS', totals.reads, answer.reads, totals.maskedReads > 0 ? `${totals.maskedReads} masked` : undefined);
  section(lines, 'REFUSED', totals.refused, answer.refused);
  for (const change of answer.schemaChanges) lines.push(...schemaLines(change));
  if (totals.unclear > 0)
    lines.push(`${plural(totals.unclear, 'statement')} that ran could not be seen through and may have touched it too.`);
  // Names of columns, labels and command tags come from elsewhere too.
  return lines.map(printable).join('\n').trimEnd();
}

function subjectOf(question: WhyQuestion): string {
  switch (question.about) {
    case 'relation':
    case 'column':
      return `${question.about} ${question.name}`;
    case 'change':
      return `the definition of ${question.name}`;
    case 'statement':
      return `the statement of entry ${question.seq}`;
    default:
      return unreachable(question);
  }
}

function labelLines({ labels }: WhyAnswer): string[] {
  if (labels.length === 0) return ['No classified data in what was asked about, as far as the ledger saw.'];
  return labels.map(({ label, columns }) => `Classified ${label}: ${columns.join(', ')}`);
}

function changeNote({ totals }: WhyAnswer): string | undefined {
  const notes = [
    totals.rolledBack > 0 ? `${totals.rolledBack} rolled back` : '',
    totals.failed > 0 ? `${totals.failed} failed` : '',
    totals.open > 0 ? `${totals.open} not committed yet` : '',
  ].filter((note) => note !== '');
  return notes.length === 0 ? undefined : `besides ${notes.join(', ')}`;
}

function section(lines: string[], title: string, total: number, statements: readonly WhyStatement[], note?: string): void {
  const shown = statements.length < total ? `, the newest ${statements.length} shown` : '';
  lines.push(`${title}  ${total}${shown}${note === undefined ? '' : ` (${note})`}`);
  for (const statement of statements) lines.push('', ...statementLines(statement).map((line) => `  ${line}`));
  lines.push('');
}

function statementLines(statement: WhyStatement): string[] {
  const lines = [
    `${moment(statement.time)}  entry ${entryName(statement.log, statement.seq)}  ${statement.touch.uses.join(', ')}  ${fateOf(statement)}`,
    ...textLines(statement.text),
  ];
  const fields: [string, string | undefined][] = [
    ['who', describePrincipal(statement.principal)],
    ['proven', describeProof(statement.principal)],
    [
      'where',
      `${statement.upstream} (${statement.database}, ${statement.environment}), session ${statement.session}${statement.client === undefined ? '' : ` from ${statement.client}`}, ${enforcementOf(statement)}`,
    ],
    ['asserted', statement.intent === undefined ? undefined : printable(describeIntent(statement.intent))],
    ['allowed', allowedBy(statement)],
    ...approvalFields(statement),
    ['touched', touchedBy(statement)],
    ['labels', statement.labels.length === 0 ? 'none' : statement.labels.join(', ')],
    ['masked', maskedIn(statement)],
    ['outcome', outcomeOf(statement.outcome)],
  ];
  for (const [label, value] of fields) if (value !== undefined) lines.push(`${label.padEnd(LABEL_WIDTH)}${value}`);
  return lines;
}

function textLines(text: string | undefined): string[] {
  if (text === undefined) return ['| (the text was erased; its commitment stands in the entry)'];
  const all = text.trim().split(/\r\n|\r|\n/);
  const lines = all.slice(0, TEXT_LINES).map((line) => `| ${printable(line)}`);
  return all.length > TEXT_LINES ? [...lines, `| … ${all.length - TEXT_LINES} more lines`] : lines;
}

function fateOf({ transaction, outcome }: WhyStatement): string {
  if (outcome.kind === 'refused') return 'REFUSED';
  if (outcome.kind === 'done' && outcome.status !== 'ok')
    return `${outcome.status.toUpperCase()}${isCommittedInPart(outcome, transaction.end) ? ', committed in part' : ''}`;
  switch (transaction.end) {
    case 'committed':
      return outcome.kind === 'done' && isCommittedInPart(outcome, transaction.end) ? 'committed in part' : 'committed';
    case 'rolled-back':
      return 'rolled back';
    case 'unknown':
      return 'end unknown: it may have been committed';
    case 'open':
      return 'not committed yet';
    case 'none':
      return '';
    default:
      return unreachable(transaction.end);
  }
}

/** Some of its statements were committed, and some were not or failed. */
function isCommittedInPart({ status, statements }: DoneOutcome, end: CommitState): boolean {
  return end === 'committed' && (status === 'ok' ? statements.some((statement) => statement.end !== undefined) : statements.length > 0);
}

/** `agent feature-bot 1.4 (model m 2026-01) for Ada (person ada@…)`. */
export function describePrincipal(principal: Principal): string {
  const chain = principal.actors.map(describeActor);
  const subject = describeActor(principal.subject);
  const run = principal.run === undefined ? [] : Object.entries(principal.run).map(([kind, id]) => `${kind} ${printable(String(id))}`);
  const context = [...run, ...describeWorkload(principal.workload)];
  return `${chain.length === 0 ? subject : `${chain.join(', for ')}, on behalf of ${subject}`}${context.length === 0 ? '' : ` [${context.join(', ')}]`}`;
}

function describeWorkload(workload: Principal['workload']): string[] {
  if (workload === undefined) return [];
  const { namespace, serviceAccount, spiffeId, pod, imageDigest } = workload;
  const account = serviceAccount === undefined ? namespace : [namespace, serviceAccount].filter((part) => part !== undefined).join('/');
  const named = { workload: account ?? spiffeId, ...(account === undefined ? {} : { 'SPIFFE id': spiffeId }), pod, image: imageDigest };
  return Object.entries(named).flatMap(([what, value]) => (value === undefined ? [] : [`${what} ${printable(value)}`]));
}

function describeParty(party: Party): string {
  const name =
    party.name === undefined || party.name === party.id ? printable(party.id) : `${printable(party.name)} (${printable(party.id)})`;
  return `${party.kind} ${name}`;
}

function describeActor(actor: Actor): string {
  const version = actor.version === undefined ? '' : ` ${printable(actor.version)}`;
  return `${describeParty(actor)}${version}${actor.model === undefined ? '' : ` on ${describeModel(actor.model)}`}`;
}

function describeModel({ provider, name, version, digest }: Model): string {
  return `model ${[provider, name, version, digest]
    .filter((part) => part !== undefined)
    .map(printable)
    .join(' ')}`;
}

export function describeProof({ proof, subject }: Principal): string {
  const fields = Object.entries(proof);
  const proven = fields.filter(([, how]) => how !== 'asserted').map(([field, how]) => `${field} by ${how}`);
  const asserted = fields.filter(([, how]) => how === 'asserted').map(([field]) => field);
  const said = asserted.length === 0 ? '' : `; merely asserted: ${asserted.join(', ')}`;
  return `${proven.length === 0 ? 'nothing' : proven.join(', ')}${said}; issuer ${printable(subject.issuer)}`;
}

function enforcementOf({ enforcement }: WhyStatement): string {
  return enforcement === 'library' ? 'enforced in the library' : 'enforced by the gateway';
}

function allowedBy(statement: WhyStatement): string {
  const rules = `rules ${statement.rules.join(', ')}; policy ${statement.policy.slice(0, 12)}`;
  if (statement.verdict === 'observed' && statement.wouldBe !== undefined)
    return `only observed: policy would have said ${statement.wouldBe.effect}; ${rules}`;
  return `${statement.verdict === 'refused' ? 'no' : statement.verdict === 'approved' ? 'after approval' : 'yes'}; ${rules}${statement.elevated ? '; with elevated rights' : ''}`;
}

function approvalFields({ approval, log }: WhyStatement): [string, string][] {
  if (approval === undefined) return [];
  const asked: [string, string] = [
    'asked',
    `request ${approval.request} at ${moment(approval.requestedAt)}: ${approval.people} of ${approval.groups.join(', ')} (rule ${approval.rule}), digest ${approval.digest.slice(0, 12)}`,
  ];
  const decisions = approval.decisions.map(({ decision, approver, time, token, comment, seq }): [string, string] => [
    decision === 'approve' ? 'approved' : 'rejected',
    `by ${describePrincipal(approver)} at ${moment(time)} (entry ${entryName(log, seq)}); token ${token === 'kept' ? 'kept as proof' : 'erased'}${comment === undefined ? '' : `: ${printable(comment)}`}`,
  ]);
  return [asked, ...decisions];
}

function touchedBy({ facts, factsErased }: WhyStatement): string {
  if (factsErased) return 'not known any more: the facts were erased';
  const unique = (names: readonly string[]): string[] => [...new Set(names)];
  const parts = [
    ['reads', unique(facts.flatMap(({ reads }) => reads))],
    ['writes', unique(facts.flatMap(({ writes }) => writes))],
    [
      'changes',
      unique(facts.flatMap(({ schemaChanges }) => schemaChanges.map(({ operation, kind, name }) => `${operation} ${kind} ${name}`))),
    ],
    ['not seen through', unique(facts.flatMap(({ opaque }) => opaque.map(({ detail }) => detail)))],
  ] as const;
  const text = parts.filter(([, names]) => names.length > 0).map(([what, names]) => `${what} ${names.map(printable).join(', ')}`);
  return text.length === 0 ? 'nothing' : text.join('; ');
}

function maskedIn({ masks, outcome }: WhyStatement): string | undefined {
  if (masks.length === 0) return undefined;
  const cells = outcome.kind === 'done' ? `; ${plural(outcome.maskedCells, 'cell')}` : '';
  return `${masks.map((mask) => `${mask.sources.join('+')} as ${mask.function} (${mask.label})`).join(', ')}${cells}`;
}

function outcomeOf(outcome: OutcomeAccount): string {
  switch (outcome.kind) {
    case 'done': {
      const statements = outcome.statements.map(({ command, rowsReturned, rowsAffected, end }) => {
        const fate = end === undefined ? '' : ` (${end})`;
        return `${command || 'did not complete'}: ${plural(rowsReturned, 'row')} returned, ${rowsAffected ?? 'unknown'} affected${fate}`;
      });
      const limit = outcome.limit === undefined ? undefined : `ended by limit ${printable(outcome.limit)}`;
      return [outcome.status, outcome.errorCode, limit, ...statements, `${(outcome.durationUs / 1000).toFixed(1)} ms`]
        .filter((part) => part !== undefined)
        .join('; ');
    }
    case 'lost':
      return 'unknown: the session or the gateway ended before it was written';
    case 'running':
      return 'still running';
    case 'refused':
      return `refused (${outcome.code}${outcome.rule === undefined ? '' : ` by ${printable(outcome.rule)}`}): ${printable(outcome.message)}`;
    default:
      return unreachable(outcome);
  }
}

function schemaLines({ log, seq, time, upstream, intent, changes }: WhySchemaChange): string[] {
  const by =
    intent === undefined
      ? 'found by polling: not done through the gateway, or not told apart'
      : `by the statement of entry ${entryName(log, intent)}`;
  const what = changes.map(
    ({ operation, kind, name, detail }) => `${kind} ${name} ${operation}${detail === undefined ? '' : ` (${detail})`}`,
  );
  return [`SCHEMA  ${moment(time)}  entry ${entryName(log, seq)}  ${upstream}: ${what.map(printable).join(', ')}; ${by}`, ''];
}

/** `42`, or `worker-1:42` where several logs are asked. */
function entryName(log: string | undefined, seq: number): string {
  return log === undefined ? String(seq) : `${log}:${seq}`;
}

export function moment(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Texts come from clients: control characters could rewrite what a terminal shows. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => (character === '\t' ? '  ' : '\ufffd'));
}
