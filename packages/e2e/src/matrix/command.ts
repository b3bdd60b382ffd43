// npm run matrix [-- --seed N --budget SECONDS --form TEXT --subject NAME --mode TEXT --control TEXT --all --verbose]
// Runs the forms of corpus/matrix through a gateway in front of a real PostgreSQL, and its controls. Exits 1 at a leak or a broken control.
import { parseArgs } from 'node:util';
import { forSubject, loadForms } from './forms.js';
import { Matrix } from './matrix.js';
import { MODE_NAMES } from './modes.js';
import { planRuns } from './plan.js';
import { MatrixReport } from './report.js';
import { runControls } from './run-controls.js';
import { startMatrixSite } from './site.js';
import { SUBJECTS } from './subjects.js';
import { tell } from './two-worlds.js';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    budget: { type: 'string', default: '86400' },
    form: { type: 'string' },
    subject: { type: 'string' },
    mode: { type: 'string' },
    control: { type: 'string' },
    all: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

async function attack(report: MatrixReport): Promise<void> {
  const subjects = SUBJECTS.filter(({ name }) => options.subject === undefined || name === options.subject);
  const forms = loadForms(subjects).filter(({ file, note }) => `${file}: ${note}`.includes(options.form ?? ''));
  const modes = MODE_NAMES.filter((name) => name.includes(options.mode ?? ''));
  const runs = planRuns(forms, { seed: options.seed, modes, product: options.all });
  const site = await startMatrixSite({ subjects });
  const matrix = new Matrix(site);
  const deadline = performance.now() + Number(options.budget) * 1000;
  report.planned = runs.length;
  try {
    for (const run of runs) {
      if (performance.now() > deadline) break;
      const bites = await matrix.bites(run);
      const judged = await matrix.judge(run);
      report.add(judged, bites);
      if (!options.verbose) continue;
      console.log(`--- ${report.nameOf(run)}: ${judged.answer}${bites ? '' : ', nothing to be had directly'}`);
      for (const { sql } of run.form.steps) console.log(forSubject(sql, run.subject));
      for (const line of tell(judged.messages)) console.log(`  ${line.slice(0, 300)}`);
      if (!bites) for (const line of tell(await matrix.direct(run, 'a'))) console.log(`  direct ${line.slice(0, 300)}`);
    }
  } finally {
    await matrix.close();
    await site.stop();
  }
  for (const trouble of site.gateway.troubles) report.troubles.push(trouble.message);
}

const report = new MatrixReport();
const narrowed = [options.form, options.subject, options.mode].some((option) => option !== undefined);
if (options.control === undefined) await attack(report);
if (options.control !== undefined || !narrowed) report.controls = await runControls({ only: options.control });
console.log(report.text());
process.exitCode = report.failed ? 1 : 0;
