import { once } from 'node:events';
import type pg from 'pg';
import { claim, seen } from './claim.js';
import { connect } from './client.js';
import { sqlwarden } from './command.js';
import type { ChangeStory, Scene } from './scene.js';
import { stage } from './stage.js';

const ALTER = 'alter table people add column risk_score numeric(5, 4)';
const FILL = `update people set risk_score = round(f.refunded::numeric / f.placed, 4)
from (
  select person_id, count(*) as placed, count(*) filter (where status = 'refunded') as refunded
  from orders group by person_id
) f
where f.person_id = people.id`;

/** An agent changes the schema of production; the statement is held, others may not wave it through, a DBA may. */
export async function schemaChange(scene: Scene): Promise<ChangeStory> {
  stage.act(1, 'An agent changes the schema of production');
  stage.say(
    'A training pipeline wants a new feature. schema-bot, an agent on the model forge 2.1, acts for Maya Chen of data science. Its token says all three.',
  );
  const agent = await connect(scene.port, 'schema-bot', scene.run.tokens.token('agent'));
  stage.line();
  stage.sends('schema-bot', ALTER);
  const held = once(agent, 'notice', { signal: AbortSignal.timeout(10_000) }) as Promise<[pg.Notification & { readonly message?: string }]>;
  const altering = agent.query(ALTER);
  // Looked at below; until then its failure must not count as unhandled.
  altering.catch(() => undefined);
  const [notice] = await held;
  const message = seen(notice.message, 'a notice that the statement is held');
  stage.gets(`NOTICE  ${message}`, 'yellow');
  const request = seen(/\(request ([a-z0-9]+),/.exec(message)?.[1], 'the id of the request in the notice');
  const startedAt = performance.now();
  await approval(scene, request);
  const result = await altering;
  claim(result.command === 'ALTER', 'the statement ran after it was approved');
  stage.line();
  stage.gets(`ALTER TABLE, after ${((performance.now() - startedAt) / 1000).toFixed(1)} s on hold`, 'green');
  stage.say('The agent goes on: the feature is the share of refunded orders.');
  stage.line();
  stage.sends('schema-bot', FILL);
  const filled = await agent.query(FILL);
  const updated = filled.rowCount ?? 0;
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
