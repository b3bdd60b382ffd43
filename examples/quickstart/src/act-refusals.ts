import { findPsql, runProgram } from '@sqlwarden/testkit';
import { claim } from './claim.js';
import { connect, refused } from './client.js';
import type { Scene } from './scene.js';
import { stage } from './stage.js';

const DROP = 'drop table orders';
const DELETE = 'delete from people';

/** Two accidents that do not happen. */
export async function refusals(scene: Scene): Promise<void> {
  stage.act(3, 'Two accidents that do not happen');
  stage.say('The agent tidies up. Then somebody forgets a WHERE. Both see an ordinary error of the database.');
  stage.line();
  const agent = await connect(scene.port, 'schema-bot', scene.run.tokens.token('agent'));
  stage.sends('schema-bot', DROP);
  const dropping = await refused(agent, DROP);
  await agent.end();
  claim(dropping.detail.includes('no-drop-in-production'), 'the drop was refused by its rule');
  stage.gets(`ERROR ${dropping.code}  ${dropping.message}\n${dropping.detail}`, 'red');
  await forgottenWhere(scene);
  const { rows } = await scene.database.direct.query<{ people: string; orders: string }>(
    'select (select count(*) from people) as people, (select count(*) from orders) as orders',
  );
  const left = rows[0];
  claim(Number(left?.people) === scene.database.people && Number(left?.orders) === scene.database.orders, 'everything is still there');
  stage.say(
    `Counted in the database itself: ${scene.database.people.toLocaleString('en')} people and ${scene.database.orders.toLocaleString('en')} orders are still there.`,
  );
}

/** By psql where it is installed, because that is what a person would have used. */
async function forgottenWhere(scene: Scene): Promise<void> {
  const psql = findPsql();
  const token = scene.run.tokens.token('app');
  stage.line();
  if (psql.found) {
    stage.sends('psql', `${DELETE};`);
    const args = ['--no-psqlrc', '-h', '127.0.0.1', '-p', String(scene.port), '-U', 'crm-app', '-d', 'crm', '-c', `${DELETE};`];
    const { status, stderr } = await runProgram(psql.path, args, { env: { PGPASSWORD: token } });
    claim(status === 1 && stderr.includes('no-unfiltered-write'), `the delete was refused by its rule (${stderr.trim()})`);
    stage.gets(stderr.trimEnd(), 'red');
    return;
  }
  stage.line(`    skipped, not on this machine: ${psql.name} (${psql.reason}); node-postgres instead`);
  const app = await connect(scene.port, 'crm-app', token);
  stage.sends('crm-app', DELETE);
  const deleting = await refused(app, DELETE);
  await app.end();
  claim(deleting.detail.includes('no-unfiltered-write'), 'the delete was refused by its rule');
  stage.gets(`ERROR ${deleting.code}  ${deleting.message}\n${deleting.detail}`, 'red');
}
