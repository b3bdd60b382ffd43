import { describePrincipal } from '@sqlwarden/core';
import type { WhyAnswer, WhyStatement } from '@sqlwarden/ledger';
import { claim, seen } from './claim.js';
import { sqlwarden } from './command.js';
import type { ChangeStory, Scene, TrainingStory } from './scene.js';
import { stage } from './stage.js';

const FEATURE = 'risk_score';

/** The auditor's three questions, answered from the ledger and nothing else; then the ledger itself is checked. */
export async function audit(scene: Scene, change: ChangeStory, training: TrainingStory): Promise<void> {
  stage.act(4, 'The audit team asks');
  const named = { table: scene.system.table, column: `${scene.system.table}.${FEATURE}` };
  const [column, table] = await Promise.all([why(scene, ['column', named.column]), why(scene, ['table', named.table])]);
  stage.answer('Who approved that change?', whoApproved(column, change));
  stage.answer('What data was accessed?', whatWasAccessed(table, training, change));
  stage.answer('Did it hold personal data?', didItHoldPersonalData(table, column, training));
  stage.say('The whole answer, with every statement, session and proof:');
  stage.line(`    ${stage.style('bold', `$ sqlwarden why column ${named.column}`)}`);
  stage.line(`    ${stage.style('bold', `$ sqlwarden why table ${named.table}`)}`);
  await verify(scene);
}

async function why(scene: Scene, question: readonly string[]): Promise<WhyAnswer> {
  const { status, stdout, stderr } = await sqlwarden(scene.run.path, ['why', ...question, '--json']);
  claim(status === 0, `the ledger answers why ${question.join(' ')} (${stderr.trim()})`);
  return JSON.parse(stdout) as WhyAnswer;
}

function whoApproved(column: WhyAnswer, { request }: ChangeStory): string[] {
  const added = seen(
    column.changes.find(({ touch }) => touch.uses.some((use) => use.startsWith('add column'))),
    'the statement that added the column',
  );
  const approval = seen(added.approval, 'its approval');
  const [decision, ...others] = approval.decisions;
  claim(approval.request === request && approval.end === 'used' && others.length === 0, 'the approval was used for this statement');
  claim(decision?.decision === 'approve' && added.transaction.end === 'committed', 'it was approved and committed');
  return [
    `${describePrincipal(decision.approver)} of ${decision.approver.subject.groups.join(', ')}, at ${moment(decision.time)}${decision.comment === undefined ? '' : `, “${decision.comment}”`}. The token that proves it is ${decision.token} (entry ${decision.seq}).`,
    `Asked for by ${describePrincipal(added.principal)}${run(added)}, at ${moment(approval.requestedAt)}: rule ${approval.rule}, request ${approval.request}.`,
    `What ran, and was committed (entry ${added.seq}): ${(added.text ?? '').replaceAll(/\s+/g, ' ')}`,
  ];
}

function whatWasAccessed(table: WhyAnswer, training: TrainingStory, change: ChangeStory): string[] {
  trainingRead(table, training);
  const filled = seen(
    table.changes.find(
      ({ outcome }) => outcome.kind === 'done' && outcome.statements.some(({ rowsAffected }) => rowsAffected === change.updated),
    ),
    'the update that filled the column',
  );
  claim(table.reads.length === table.totals.reads && table.refused.length === table.totals.refused, 'all reads and refusals are listed');
  claim(table.refused.length > 0, 'what was refused is in the ledger too');
  const refusals = table.refused.map(({ principal, facts }) => `${principal.subject.id} (${facts.map(({ action }) => action).join(', ')})`);
  return [
    ...table.reads.map(
      (read) =>
        `${count(rowsOf(read))} rows of ${reads(read).join(', ')}: ${outputs(read).join(', ')}; by ${describePrincipal(read.principal)}${run(read)}, at ${moment(read.time)} (entry ${read.seq}).`,
    ),
    `${count(change.updated)} rows were given their ${FEATURE} by ${describePrincipal(filled.principal)}${run(filled)}, from ${reads(filled).join(', ')} (entry ${filled.seq}).`,
    `Refused on that table: ${refusals.join('; ')}.`,
  ];
}

function didItHoldPersonalData(table: WhyAnswer, column: WhyAnswer, training: TrainingStory): string[] {
  const read = trainingRead(table, training);
  const cells = table.reads.map((each) => {
    claim(each.outcome.kind === 'done', 'every read has an outcome');
    const touched = new Set(each.masks.map(({ label }) => label));
    claim(
      each.labels.every((label) => touched.has(label)),
      'every label that was read was masked',
    );
    claim(each.outcome.maskedCells === rowsOf(each) * each.masks.length, 'every protected cell was masked');
    return each.outcome.maskedCells;
  });
  claim(column.labels.length === 0, 'the new column has no label');
  const masks = read.masks.map(({ sources, label, function: mask }) => `${sources.map(last).join('+')} (${label}) as ${mask}`);
  return [
    `Yes: ${table.labels.map(({ label }) => label).join(', ')}. Every value of it was masked before it left, ${count(cells.reduce((sum, each) => sum + each, 0))} cells: ${masks.join(', ')}.`,
    `The new field ${FEATURE} carries no label, and the ${changesWithoutLabel(column)} statements that made and filled it touched no labelled column.`,
  ];
}

function rowsOf({ outcome }: WhyStatement): number {
  return outcome.kind === 'done' ? outcome.statements.reduce((sum, { rowsReturned }) => sum + rowsReturned, 0) : 0;
}

function count(figure: number): string {
  return figure.toLocaleString('en');
}

function trainingRead(table: WhyAnswer, { rows }: TrainingStory): WhyStatement {
  const read = table.reads.find((each) => each.principal.subject.id === 'risk-trainer' && rowsOf(each) === rows);
  return seen(read, 'the read of the training job');
}

function outputs({ facts }: WhyStatement): string[] {
  return facts.flatMap((fact) => (Array.isArray(fact.outputs) ? fact.outputs.map(({ name }) => name as string) : []));
}

function reads({ facts }: WhyStatement): string[] {
  return [...new Set(facts.flatMap((fact) => fact.reads))];
}

function changesWithoutLabel({ changes }: WhyAnswer): number {
  claim(
    changes.every((statement) => statement.labels.length === 0),
    'the statements that made and filled the column touched no classified column',
  );
  return changes.length;
}

function run({ principal }: WhyStatement): string {
  return principal.run?.trainingRun === undefined ? '' : `, training run ${principal.run.trainingRun}`;
}

function last(column: string): string {
  return column.split('.').at(-1) ?? column;
}

function moment(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

async function verify(scene: Scene): Promise<void> {
  const { status, stdout } = await sqlwarden(scene.run.path, ['ledger', 'verify']);
  claim(status === 0 && /^result +in order$/m.test(stdout), `the ledger is in order (${stdout.trim()})`);
  stage.say('And the ledger itself: every byte, hash and signature, and whether its story is complete.');
  const shown = stdout.split('\n').filter((line) => /^(?:entries|checkpoint|result)/.test(line));
  stage.command('sqlwarden ledger verify', shown.join('\n'));
}
