import { exportProof } from '@sqlwarden/ledger';
import { defineCommand } from '../command.js';
import { EXIT } from '../failure.js';
import { entryPlace } from '../ledger-logs.js';
import { LEDGER_OPTIONS, ledgerLogs } from './ledger-place.js';

export const ledgerProof = defineCommand({
  name: 'ledger proof',
  summary: 'write the proof that one entry is in the signed log (C2SP tlog-proof)',
  positionals: ['<seq>'],
  options: LEDGER_OPTIONS,
  async run({ options, positionals, out }) {
    const { log, seq } = entryPlace(positionals[0], ledgerLogs(options));
    const proof = await exportProof(log.directory, seq);
    out.line(proof.trimEnd());
    return EXIT.ok;
  },
});
