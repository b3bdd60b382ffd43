import { type CastMember, TRY_AS } from './cast.js';
import type { Scene } from './scene.js';
import { stage } from './stage.js';

/** Ready-made commands for whoever wants to try by hand. */
export function howToConnect({ system, port, run }: Scene): void {
  stage.title('Now you');
  stage.say('The database and the gateway stay up until Ctrl-C. Everything of this run is in one directory; go there first:');
  stage.line();
  stage.line(`    cd ${run.path}`);
  stage.say('Connect as anybody. The password is a token:');
  for (const [member, what] of Object.entries(TRY_AS)) {
    stage.line();
    stage.line(`    ${stage.style('dim', `# ${what}`)}`);
    stage.line(`    ${system.connectCommand(port, tokenFile(run.tokens.file(member as CastMember), run.path))}`);
  }
  stage.say('And look at it from the other side:');
  stage.line();
  for (const command of [
    './sqlwarden pending',
    './sqlwarden approve <id> --token-file tokens/dana',
    './sqlwarden explain "select upper(email) from people" --as tokens/trainer',
    `./sqlwarden why table ${system.table}`,
    './sqlwarden ledger tail --follow',
    './sqlwarden ledger verify',
  ]) {
    stage.line(`    ${command}`);
  }
  stage.line();
}

function tokenFile(file: string, directory: string): string {
  return file.startsWith(`${directory}/`) ? file.slice(directory.length + 1) : file;
}
