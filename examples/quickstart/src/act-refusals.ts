import { runProgram } from '@sqlwarden/testkit';
import { claim } from './claim.js';
import type { Scene } from './scene.js';
import { stage } from './stage.js';
import { countOf } from './system.js';

const DROP = 'drop table orders';
const DELETE = 'delete from people';

/** Two accidents that do not happen. */
export async function refusals(scene: Scene): Promise<void> {
  const { system, database } = scene;
  stage.act(3, 'Two accidents that do not happen');
  stage.say('The agent tidies up. Then somebody forgets a WHERE. Both see an ordinary error of the database.');
  stage.line();
  const agent = await system.connect(scene.port, 'schema-bot', scene.run.tokens.token('agent'));
  stage.sends('schema-bot', DROP);
  const dropping = await agent.refused(DROP);
  await agent.end();
  claim(dropping.message.includes('no-drop-in-production'), 'the drop was refused by its rule');
  stage.gets(`ERROR ${dropping.code}  ${dropping.message}`, 'red');
  await forgottenWhere(scene);
  const left = { people: await countOf(database.direct, 'people'), orders: await countOf(database.direct, 'orders') };
  claim(left.people === database.people && left.orders === database.orders, 'everything is still there');
  stage.say(
    `Counted in the database itself: ${left.people.toLocaleString('en')} people and ${left.orders.toLocaleString('en')} orders are still there.`,
  );
}

/** By the command line of the database where it is installed, because that is what a person would have used. */
async function forgottenWhere({ system, port, run }: Scene): Promise<void> {
  const { name, program, reason, args, env } = system.shell;
  const token = run.tokens.token('app');
  stage.line();
  if (program !== undefined) {
    stage.sends(name, `${DELETE};`);
    const { status, stderr } = await runProgram(program, args(port, 'crm-app', `${DELETE};`), { env: env(token) });
    claim(status === 1 && stderr.includes('no-unfiltered-write'), `the delete was refused by its rule (${stderr.trim()})`);
    stage.gets(stderr.trimEnd(), 'red');
    return;
  }
  stage.line(`    skipped, not on this machine: ${name} (${reason}); a driver of Node instead`);
  const app = await system.connect(port, 'crm-app', token);
  stage.sends('crm-app', DELETE);
  const deleting = await app.refused(DELETE);
  await app.end();
  claim(deleting.message.includes('no-unfiltered-write'), 'the delete was refused by its rule');
  stage.gets(`ERROR ${deleting.code}  ${deleting.message}`, 'red');
}
