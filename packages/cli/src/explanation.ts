import type { MaskFunction, OutputMask, StatementFacts, Verdict } from '@sqlwarden/core';
import type { Explanation } from '@sqlwarden/runtime';
import { describeDuration } from './duration.js';
import { aligned, oneLine, printable, type Terminal } from './terminal.js';

/** What a statement does, what policy says of it and what would be masked, for people. */
export function printExplanation({ upstream, environment, state, result }: Explanation, sql: string, who: string, out: Terminal): void {
  out.line(`${out.style('bold', 'for')}        ${who}`);
  out.line(`${out.style('bold', 'on')}         ${upstream} (${environment}), search path ${printable(state.searchPath.join(', '))}`);
  if (!result.understood) {
    out.line(`${out.style('bold', 'verdict')}    ${out.style('red', 'refused')}: statement-unparsed`);
    out.line(
      `           ${oneLine(result.failure.message, 500)}${result.failure.position === undefined ? '' : ` at character ${result.failure.position + 1}`}`,
    );
    return;
  }
  printVerdict(result.verdict, out);
  for (const [at, facts] of result.facts.statements.entries()) {
    out.line();
    out.line(`${out.style('bold', 'statement')}  ${out.style('cyan', oneLine(sql.slice(facts.span.start, facts.span.end), 200))}`);
    printFacts(facts, out);
    const masks = result.verdict.masks[at];
    printOutputs(facts, masks?.kind === 'outputs' ? masks.outputs : [], out);
  }
}

function printVerdict(verdict: Verdict, out: Terminal): void {
  const { effect, refusal, approval, observed, rules, labels } = verdict;
  const head = out.style('bold', 'verdict');
  if (refusal !== undefined) {
    out.line(
      `${head}    ${out.style('red', 'refused')}: ${refusal.code}${refusal.rule === undefined ? '' : ` by rule ${printable(refusal.rule)}`}`,
    );
    out.line(`           ${printable(refusal.message)}`);
    if (refusal.hint !== undefined) out.line(`           ${printable(refusal.hint)}`);
  } else if (approval !== undefined) {
    const people = approval.people === 1 ? 'one person' : `${approval.people} people`;
    out.line(
      `${head}    ${out.style('yellow', 'held')} until ${people} of ${printable(approval.groups.join(', '))} approves, at most ${describeDuration(approval.withinMs)}`,
    );
  } else out.line(`${head}    ${out.style('green', effect === 'allow' ? 'allowed' : effect)}`);
  if (observed !== undefined)
    out.line(
      `           observe mode: enforced, it would be ${observed.effect}${observed.refusal === undefined ? '' : ` (${observed.refusal.code})`}`,
    );
  out.line(`rules      ${printable(rules.join(', '))}`);
  if (verdict.requirements !== undefined) out.line(`requires   ${printable(verdict.requirements.join(', '))}`);
  if (labels.length > 0) out.line(`labels     ${printable(labels.join(', '))}`);
}

function printFacts(facts: StatementFacts, out: Terminal): void {
  const rows: [string, string][] = [['does', `${facts.action} (${facts.class})`]];
  const add = (name: string, values: readonly string[]): void => {
    if (values.length > 0) rows.push([name, values.join(', ')]);
  };
  add('reads', facts.reads);
  add('writes', facts.writes);
  add(
    'changes',
    facts.schemaChanges.map(({ operation, kind, name }) => `${operation} ${kind} ${name}`),
  );
  if (facts.filter !== 'none') add('filter', [facts.filter]);
  add(
    'calls',
    facts.routines.map(({ name, category }) => `${name} (${category})`),
  );
  const uses = new Map<string, string[]>();
  for (const { column, use } of facts.columns) if (use !== 'output') uses.set(column, [...(uses.get(column) ?? []), use]);
  add(
    'uses',
    [...uses].map(([column, kinds]) => `${column} (${kinds.join(', ')})`),
  );
  add(
    'opaque',
    facts.opaque.map(({ kind, detail }) => `${kind}: ${detail}`),
  );
  if (facts.elevated) add('elevated', ['runs with, or grants, rights beyond those of the role']);
  for (const line of aligned(rows.map(([name, value]) => [`  ${name}`, oneLine(value, 400)]))) out.line(line);
}

function printOutputs(facts: StatementFacts, masks: readonly (OutputMask | null)[], out: Terminal): void {
  const { outputs } = facts;
  if (outputs === undefined) return;
  if (outputs === 'unknown') {
    out.line('  returns  rows of a shape that is not known before it runs');
    return;
  }
  const rows = outputs.map(({ name, origins, opaque }, at) => {
    const mask = masks[at];
    const from = [
      ...origins.map(({ column, how }) => (how === 'same' ? column : `${column} (${how})`)),
      ...(opaque ? ['not known'] : []),
    ].join(', ');
    return [
      `  returns`,
      oneLine(name, 40),
      from === '' ? 'no column' : oneLine(from, 120),
      mask === undefined || mask === null ? '' : `masked: ${describeMask(mask.function)} (${mask.label})`,
    ];
  });
  for (const line of aligned(rows)) out.line(line);
}

function describeMask(mask: MaskFunction): string {
  const settings = Object.entries(mask).filter(([key]) => key !== 'kind');
  return settings.length === 0 ? mask.kind : `${mask.kind} ${settings.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ')}`;
}
