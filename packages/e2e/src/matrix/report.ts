import type { ControlTotals } from './run-controls.js';
import type { Answer, Judged, MatrixLeak } from './matrix.js';
import type { Form } from './forms.js';
import type { Run } from './plan.js';

const SHOWN = 5;

/** What came of the runs of a matrix. */
export class MatrixReport {
  planned = 0;
  unsteady = 0;
  controls: ControlTotals | undefined;
  readonly troubles: string[] = [];
  readonly answers: Record<Answer, number> = { refused: 0, failed: 0, answered: 0 };
  readonly #leaks = new Map<Form, MatrixLeak[]>();
  readonly #known = new Set<Form>();
  readonly #seen = new Map<Form, { biting: number; harmless: number }>();

  add({ run, answer, leaks, unsteady }: Judged, bites: boolean): void {
    if (unsteady) this.unsteady += 1;
    this.answers[answer] += 1;
    const seen = this.#seen.get(run.form) ?? { biting: 0, harmless: 0 };
    seen[bites ? 'biting' : 'harmless'] += 1;
    this.#seen.set(run.form, seen);
    if (leaks.length === 0) return;
    if (run.form.known !== undefined) this.#known.add(run.form);
    else this.#leaks.set(run.form, [...(this.#leaks.get(run.form) ?? []), ...leaks]);
  }

  get leaks(): number {
    return [...this.#leaks.values()].reduce((sum, leaks) => sum + leaks.length, 0);
  }

  /** Runs of forms that give something away around the gateway. */
  get biting(): number {
    return [...this.#seen.values()].reduce((sum, seen) => sum + seen.biting, 0);
  }

  get failed(): boolean {
    return this.leaks > 0 || this.troubles.length > 0 || (this.controls?.broken.length ?? 0) > 0;
  }

  nameOf({ form, subject, mode, mask, other }: Run): string {
    return `${form.file}: ${form.note} (${subject.name}; ${mode}; mask ${mask}, worlds a and ${other})`;
  }

  text(): string {
    const { refused, failed, answered } = this.answers;
    const runs = refused + failed + answered;
    const toothless = [...this.#seen].filter(([form, { biting }]) => biting === 0 && form.direct === undefined).map(([form]) => form);
    return [
      ...[...this.#leaks].flatMap(([, leaks]) => this.#leakLines(leaks)),
      ...this.troubles.map((trouble) => `trouble: ${trouble}`),
      ...toothless.map((form) => `gives nothing away around the gateway either: ${form.file}: ${form.note}`),
      ...(this.controls?.broken ?? []).map((line) => `broken control: ${line}`),
      `forms ${this.#seen.size}, runs ${runs} of ${this.planned} (${this.biting} of attacks that succeed around the gateway)`,
      `refused ${refused}, failed by the server ${failed}, answered under masks ${answered}, known ${this.#known.size}, unsteady ${this.unsteady}, leaks ${this.leaks}`,
      this.controls === undefined
        ? 'controls not run'
        : `controls ${this.controls.controls}, runs ${this.controls.runs}, broken controls ${this.controls.broken.length}`,
    ].join('\n');
  }

  #leakLines(leaks: readonly MatrixLeak[]): string[] {
    const shown = leaks.slice(0, SHOWN).map(({ run, oracle, what }) => `leak by ${oracle}: ${this.nameOf(run)}: ${what.slice(0, 800)}`);
    return leaks.length > SHOWN ? [...shown, `  and ${leaks.length - SHOWN} more of the same form`] : shown;
  }
}
