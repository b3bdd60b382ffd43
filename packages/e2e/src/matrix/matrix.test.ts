import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { loadLegitimate } from '../harness/corpus-case.js';
import { loadForms } from './forms.js';
import { Matrix } from './matrix.js';
import { planRuns, type Run } from './plan.js';
import { MatrixReport } from './report.js';
import { runControls } from './run-controls.js';
import { type MatrixSite, startMatrixSite } from './site.js';
import { SUBJECTS } from './subjects.js';

const SEED = '20261123';
/** `npm run matrix` runs everything. */
const RUNS = 100;
const CONTROLS = 8;
/** A few subjects, so that the databases are there soon. */
const SAMPLED = SUBJECTS.filter(({ name }) => ['text', 'int4', 'numeric', 'date', 'jsonb', 'texts', 'pair', 'parts'].includes(name));

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('the leak matrix', () => {
  const forms = loadForms(SAMPLED);
  const runs = planRuns(forms, { seed: SEED });
  let site: MatrixSite;

  beforeAll(async () => {
    site = await startMatrixSite({ subjects: SAMPLED });
  }, 120_000);
  afterAll(async () => {
    await site?.stop();
  });

  it('has forms and controls worth running', () => {
    expect(forms.length).toBeGreaterThanOrEqual(150);
    expect(loadLegitimate('matrix/controls').length).toBeGreaterThanOrEqual(150);
  });

  it('finds nothing in a sample of its runs, and most of them would give something away without the gateway', async () => {
    const step = Math.floor(forms.length / RUNS);
    const sample = runs.slice(0, forms.length).filter((_, index) => index % step === 0);
    const report = new MatrixReport();
    const matrix = new Matrix(site);
    for (const run of sample) report.add(await matrix.judge(run), await matrix.bites(run));
    await matrix.close();
    expect(`${report.leaks} leaks\n${report.text()}`).toMatch(/^0 leaks\n/);
    expect(report.biting).toBeGreaterThan(sample.length / 2);
    // A gateway that refuses everything would tell nothing either.
    expect(report.answers.answered).toBeGreaterThan(sample.length / 6);
  }, 180_000);

  it('finds with either oracle what somebody sees for whom nothing is masked', async () => {
    const unmasked = new Matrix({ ...site, connect: (world, mask) => site.connect(world, mask, true) });
    const chosen = ['the column by itself', 'in hex', 'every column', 'a common table expression', 'a view'];
    const found = runs.filter(({ form, mask }) => chosen.includes(form.note) && mask !== 'keyed').slice(0, 20);
    const oracles = new Set<string>();
    for (const run of found) {
      const { leaks } = await unmasked.judge(run);
      expect(`${nameOf(run)}: ${leaks.length > 0 ? 'leaks' : 'nothing'}`).toBe(`${nameOf(run)}: leaks`);
      for (const { oracle } of leaks) oracles.add(oracle);
    }
    await unmasked.close();
    expect([...oracles].sort()).toEqual(['canary', 'two worlds']);
  }, 180_000);

  it('takes no plan for a leak that differs by what ran before', async () => {
    const matrix = new Matrix(site);
    const update = runs.find(({ form, mask }) => form.note.startsWith('UPDATE FROM, RETURNING') && mask === 'zero');
    if (update === undefined) throw new Error('no such run is planned');
    const steps = update.form.steps.map((step) => ({ ...step, sql: `explain (costs off) ${step.sql}` }));
    const run: Run = { ...update, mode: 'simple', form: { ...update.form, steps } };
    await site.admin(
      run.other,
      'insert into notes select n from generate_series(1000, 40000) n; analyze notes; delete from notes where id >= 1000',
    );
    const judged = await matrix.judge(run);
    await matrix.close();
    expect(judged.leaks).toEqual([]);
    expect([judged.answer, judged.unsteady]).toEqual(['answered', true]);
  }, 180_000);

  it('breaks no control of a sample', async () => {
    const { broken, runs: count } = await runControls({ sample: CONTROLS, seed: SEED });
    expect(broken).toEqual([]);
    expect(count).toBe(CONTROLS);
  }, 120_000);
});

function nameOf({ form, subject, mode, mask }: Run): string {
  return `${form.note} (${subject.name}, ${mode}, ${mask})`;
}
