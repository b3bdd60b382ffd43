import { exportProof } from '@sqlwarden/ledger';
import { defineCommand } from '../command.js';
import { EXIT } from '../failure.js';
import { LEDGER_OPTIONS, ledgerDirectory, sequenceNumber } from './ledger-place.js';

export const ledgerProof = defineCommand({
  name: 'ledger proof',
  summary: 'write the proof that one entry is in the signed log (C2SP tlog-proof)',
  positionals: ['<seq>'],
  options: LEDGER_OPTIONS,
  async run({ options, positionals, out }) {
    const proof = await exportProof(ledgerDirectory(options), sequenceNumber(positionals[0]));
    out.line(proof.trimEnd());
    return EXIT.ok;
  },
});
