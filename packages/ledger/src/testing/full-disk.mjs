// Fills the disk that the ledger is on, goes on trying, makes room again; says what happened as JSON lines.
import { rmSync, statfsSync, writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
const [, , library, disk] = process.argv;
const { Ledger } = await import(library);
const directory = join(disk, 'ledger');
const ledger = await Ledger.open({ directory, origin: 'gateway.example/production', software: 'full disk', checkpointMs: 3_600_000 });
const append = (n) => {
  const { commitment, disclosure } = ledger.commit('token', `${n} ${'x'.repeat(500)}`);
  const seq = ledger.append(
    {
      type: 'approval.decided',
      request: 'r',
      digest: 'd',
      decision: 'reject',
      approver: { subject: {} },
      token: commitment,
      padding: 'y'.repeat(700),
    },
    [disclosure],
  );
  ledger.flush();
  return seq;
};
const tell = (value) => console.log(JSON.stringify(value));
append(0);
ledger.flush();
// Leave room for a few entries, so that one is torn in the middle.
const { bavail, bsize } = statfsSync(disk);
writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 12 * bsize));
let appended = 1;
let error;
for (let n = 1; n < 500 && error === undefined; n++) {
  try {
    append(n);
    appended += 1;
  } catch (caught) {
    error = caught;
  }
}
tell({ step: 'full', code: error?.code, message: error?.message, appended, size: ledger.size });
const again = [];
for (let n = 0; n < 5; n++) {
  try {
    append(n);
    again.push('appended');
  } catch (caught) {
    again.push(caught.code);
  }
}
tell({ step: 'still full', again, size: ledger.size });
rmSync(join(disk, 'filler'));
const seq = append(999);
await ledger.durable(seq);
await ledger.close();
appendFileSync(join(disk, 'done'), '');
tell({ step: 'room again', seq });
const { verifyLedger } = await import(library);
const report = await verifyLedger(directory);
tell({
  step: 'verified',
  findings: report.findings.filter(({ code }) => code !== 'approval-missing'),
  redacted: report.redacted.entries,
  entries: report.entries,
});
