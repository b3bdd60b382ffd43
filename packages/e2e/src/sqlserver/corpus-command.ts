import { WORLD_A, WORLD_B } from '../harness/worlds.js';
import { loadSqlserverAttacks, loadSqlserverLegitimate, runsOf, type SqlserverAttack, type SqlserverLegitimate } from './sqlserver-case.js';
import { sqlserverPolicies } from './sqlserver-gateway.js';
import { sqlserverLeaks } from './sqlserver-oracle.js';
import { observeSqlserver } from './sqlserver-run.js';
import { record } from './sqlserver-recorder.js';
import { REAL_STAGES } from './sqlserver-stage.js';

// node packages/e2e/dist/sqlserver/corpus-command.js record [--all]
// Records what a Babelfish answers to the cases that are new or changed, or to all.

/**
 * `node packages/e2e/dist/sqlserver/corpus-command.js try <part of names>`: runs the cases whose names (`file: note (way)`) have this part around the gateway
 * and through it, and prints what each was told. The server is the first real one that there is.
 */
async function tryCases(part: string): Promise<void> {
  const kind = REAL_STAGES.find(({ finding }) => finding.found);
  if (kind === undefined) throw new Error('give a server by SQLWARDEN_SQLSERVER_TREE or SQLWARDEN_SQLSERVER_URL');
  const all: readonly (SqlserverAttack | SqlserverLegitimate)[] = [...loadSqlserverAttacks(), ...loadSqlserverLegitimate()];
  const runs = runsOf(all, kind.ways).filter(([name, one]) => name.includes(part) && kind.takes(one));
  if (runs.length === 0) throw new Error(`no case for ${kind.name} is called "${part}"`);
  const worlds = { crm: WORLD_A, twin: WORLD_A, worlda: WORLD_A, worldb: WORLD_B, directa: WORLD_A, directb: WORLD_B };
  const stage = await kind.start({ worlds, governed: ['crm', 'worlda', 'worldb'], policies: sqlserverPolicies() });
  try {
    for (const [name, one, way] of runs) {
      const observed = async (database: string): Promise<readonly [text: string, leaks: number]> => {
        const run = await stage.run(one, way, database);
        return [observeSqlserver(run, database).join('\n'), sqlserverLeaks(one, run).length];
      };
      const [direct, bites] = await observed('twin');
      const [governed, leaks] = await observed('crm');
      tell(
        `\n=== ${name}\n--- direct, ${bites} pieces of secrets\n${direct}\n--- through the gateway, ${leaks} pieces of secrets${leaks > 0 ? ': LEAK' : ''}\n${governed}`,
      );
      if (!('want' in one)) continue;
      const [a, b] = [await observed('worlda'), await observed('worldb')];
      const differ = (await observed('directa'))[0] === (await observed('directb'))[0] ? 'the same' : 'different';
      tell(`--- two worlds: ${differ} directly, ${a[0] === b[0] ? 'the same' : `DIFFERENT\n${a[0]}\n~~~\n${b[0]}\n`} through the gateway`);
    }
  } finally {
    await stage.stop();
  }
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

const [what, part = ''] = process.argv.slice(2);
if (what === 'try') await tryCases(part);
else if (what === 'record') await record(part === '--all', tell);
else throw new Error('say: try <part of names>, or record');
