import type { UnitParser, ParseReply } from '../parsing/unit-parser.js';
import type { Corpus, CorpusEntry } from './corpus-files.js';
import type { Edition } from './editions.js';

/** A text that takes longer is slow. */
export const SLOW_MS = 250;
/** A text that was slow is measured again: others use this machine, too. */
const ATTEMPTS = 3;

export interface Refused {
  readonly id: string;
  readonly reason: string;
}

/** How one edition fared. `refused`, `crashed` and `slow` are among the statements that its truth accepts, `falseAccepts` among the others. */
export interface EditionResult {
  readonly edition: Edition;
  readonly accepted: number;
  readonly parsed: number;
  readonly refused: readonly Refused[];
  readonly crashed: readonly Refused[];
  readonly slow: readonly { readonly id: string; readonly ms: number }[];
  readonly falseAccepts: readonly string[];
  readonly otherCount: number;
}

export type Outcome = { readonly kind: 'parsed' } | { readonly kind: 'refused' | 'crashed'; readonly reason: string };

/** What a reply of the parser means: an internal failure and a worker that died or had to be killed are crashes. */
export function outcomeOf(reply: ParseReply): Outcome {
  if (reply.kind === 'died') return { kind: 'crashed', reason: reply.detail };
  if (reply.kind === 'overran') return { kind: 'crashed', reason: `killed after ${reply.ms} ms` };
  const { result } = reply.answer;
  if (result.ok) return { kind: 'parsed' };
  const { kind, message, position } = result.failure;
  const reason = `${kind}: ${message}${position === undefined ? '' : ` (at ${position})`}`;
  return { kind: kind === 'internal' ? 'crashed' : 'refused', reason };
}

export async function measureEdition(corpus: Corpus, edition: Edition, parser: UnitParser): Promise<EditionResult> {
  const refused: Refused[] = [];
  const crashed: Refused[] = [];
  const slow: { id: string; ms: number }[] = [];
  const falseAccepts: string[] = [];
  let accepted = 0;
  let parsed = 0;
  // The first text pays for loading the parser.
  await parser.parse('SELECT 1', edition.context);
  for (const entry of corpus.entries) {
    const { outcome, ms } = await measureEntry(entry, edition, parser);
    // A crash and a slow parse are the parser's fault whatever the text is.
    if (ms > SLOW_MS) slow.push({ id: entry.id, ms });
    if (outcome.kind === 'crashed') crashed.push({ id: entry.id, reason: outcome.reason });
    if (!edition.accepts(entry)) {
      if (outcome.kind === 'parsed') falseAccepts.push(entry.id);
      continue;
    }
    accepted += 1;
    if (outcome.kind === 'parsed') parsed += 1;
    else if (outcome.kind === 'refused') refused.push({ id: entry.id, reason: outcome.reason });
  }
  return { edition, accepted, parsed, refused, crashed, slow, falseAccepts, otherCount: corpus.entries.length - accepted };
}

async function measureEntry(
  entry: CorpusEntry,
  edition: Edition,
  parser: UnitParser,
): Promise<{ readonly outcome: Outcome; readonly ms: number }> {
  let reply = await parser.parse(entry.sql, edition.context);
  let ms = reply.ms;
  for (let attempt = 1; attempt < ATTEMPTS && ms > SLOW_MS && reply.kind === 'answer'; attempt += 1) {
    reply = await parser.parse(entry.sql, edition.context);
    ms = Math.min(ms, reply.ms);
  }
  return { outcome: outcomeOf(reply), ms };
}

/** What keeps a result from passing, for people; empty when it passes. */
export function shortfalls(result: EditionResult): readonly string[] {
  const { edition, accepted, parsed, crashed, slow } = result;
  const found: string[] = [];
  if (accepted > 0 && parsed / accepted < edition.minimum) {
    found.push(`${edition.label}: ${percent(parsed, accepted)} parsed, ${percent(edition.minimum, 1)} wanted`);
  }
  if (crashed.length > 0) found.push(`${edition.label}: ${crashed.length} crashed: ${crashed.map(({ id }) => id).join(', ')}`);
  if (slow.length > 0) found.push(`${edition.label}: ${slow.length} took more than ${SLOW_MS} ms: ${slow.map(({ id }) => id).join(', ')}`);
  return found;
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(2)} %`;
}
