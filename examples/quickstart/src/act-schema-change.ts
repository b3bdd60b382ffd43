import { claim } from './claim.js';
import { sqlwarden } from './command.js';
import type { ChangeStory, Scene } from './scene.js';
import { stage } from './stage.js';

const ALTER = 'alter table people add column risk_score numeric(5, 4)';
const ADDED = `select count(*) as added from information_schema.columns where table_name = 'people' and column_name = 'risk_score'`;

/** An agent changes the schema of production; the statement is held, others may not wave it through, a DBA may. */
export async function schemaChange(scene: Scene): Promise<ChangeStory> {
  stage.act(1, 'An agent changes the schema of production');
  stage.say(
    'A training pipeline wants a new feature. schema-bot, an agent on the model forge 2.1, acts for Maya Chen of data science. Its token says all three.',
  );
  const agent = await scene.system.connect(scene.port, 'schema-bot', scene.run.tokens.token('agent'));
  stage.line();
  stage.sends('schema-bot', ALTER);
  const altering = agent.query(ALTER);
  // Looked at below; until then its failure must not count as unhandled.
  altering.catch(() => undefined);
  const request = await scene.system.held(scene, agent);
  const startedAt = performance.now();
  await approval(scene, request);
  await altering;
  const { rows } = await scene.database.direct.query<{ readonly added: number | string }>(ADDED);
  claim(Number(rows[0]?.added) === 1, 'the statement ran after it was approved');
  stage.line();
  stage.gets(`ALTER TABLE, after ${((performance.now() - startedAt) / 1000).toFixed(1)} s on hold`, 'green');
  stage.say('The agent goes on: the feature is the share of refunded orders.');
  stage.line();
  stage.sends('schema-bot', scene.system.fill);
  const { affected: updated } = await agent.query(scene.system.fill);
  claim(updated > 0, 'rows were given their feature');
  stage.gets(`UPDATE ${updated}`, 'green');
  await agent.end();
  return { request, updated };
}

async function approval(scene: Scene, request: string): Promise<void> {
  const pending = await sqlwarden(scene.run.path, ['pending']);
  claim(pending.status === 0 && pending.stdout.includes(request) && pending.stdout.includes(ALTER), 'the statement waits for an approval');
  stage.command('sqlwarden pending', pending.stdout);
  stage.say('The agent tries to approve it itself. So does Maya, for whom it works.');
  const attempts = [
    ['agent', 'schema-bot'],
    ['maya', 'Maya Chen'],
  ] as const;
  const answers = await Promise.all(
    attempts.map(([member]) => sqlwarden(scene.run.path, ['approve', request], scene.run.tokens.token(member))),
  );
  for (const [at, { status, stderr }] of answers.entries()) {
    const name = attempts[at]?.[1] ?? '';
    claim(status === 1 && stderr.startsWith('sqlwarden: '), `${name} cannot approve`);
    stage.command(`sqlwarden approve ${request}`, stage.style('red', stderr.trimEnd()), `with the token of ${name}`);
  }
  stage.say('Dana Ruiz, a database administrator, looks at the statement and approves exactly that.');
  const args = ['approve', request, '--comment', 'CHG-2291'];
  const approved = await sqlwarden(scene.run.path, args, scene.run.tokens.token('dana'));
  claim(approved.status === 0, `a database administrator can approve (${approved.stderr.trim()})`);
  stage.command(`sqlwarden ${args.join(' ')}`, approved.stdout.trimEnd().split('\n').at(-1) ?? '', 'with the token of Dana Ruiz');
}
