import type { Form } from './forms.js';
import { generator, type WorldName } from './markers.js';
import { type ModeName, modesOf } from './modes.js';
import { MASKS, type MaskName } from './site.js';
import type { Subject } from './subjects.js';

/** One form for one subject in one mode, under one mask, compared with one other world. */
export interface Run {
  readonly form: Form;
  readonly subject: Subject;
  readonly mode: ModeName;
  readonly mask: MaskName;
  readonly other: Exclude<WorldName, 'a'>;
}

/** Of eight runs one is under a keyed mask, under which worlds differ by design. */
const MASK_WHEEL: readonly MaskName[] = [...MASKS, 'zero', 'null', 'word', 'zero'];

export interface PlanOptions {
  readonly seed: string;
  /** Default: all. */
  readonly modes?: readonly ModeName[];
  /** Every form for each of its subjects in each of its modes; else each of its subjects and each of its modes once. */
  readonly product?: boolean;
}

/**
 * The runs of forms, in an order drawn by the seed: first one run of each form, then a second one of each, and so on, so that wherever a budget ends
 * it has reached all forms alike.
 */
export function planRuns(forms: readonly Form[], { seed, modes, product = false }: PlanOptions): Run[] {
  const queues = forms.map((form) => {
    const random = generator(`${seed} ${form.file} ${form.note}`);
    const own = modesOf(form).filter((mode) => modes === undefined || modes.includes(mode));
    const pairs = product ? allPairs(form.subjects, own) : coveringPairs(shuffled(form.subjects, random), shuffled(own, random));
    return shuffled(pairs, random).map(([subject, mode]): Run => {
      const mask = MASK_WHEEL[random(MASK_WHEEL.length)] ?? 'zero';
      return { form, subject, mode, mask, other: random(2) === 0 ? 'b' : 'c' };
    });
  });
  const longest = Math.max(0, ...queues.map(({ length }) => length));
  return Array.from({ length: longest }, (_, round) => queues.flatMap((queue) => queue.slice(round, round + 1))).flat();
}

type Pair = readonly [Subject, ModeName];

function allPairs(subjects: readonly Subject[], modes: readonly ModeName[]): Pair[] {
  return subjects.flatMap((subject) => modes.map((mode): Pair => [subject, mode]));
}

/** Each subject and each mode at least once. */
function coveringPairs(subjects: readonly Subject[], modes: readonly ModeName[]): Pair[] {
  if (subjects.length === 0 || modes.length === 0) return [];
  const length = Math.max(subjects.length, modes.length);
  return Array.from(
    { length },
    (_, index): Pair => [subjects[index % subjects.length] as Subject, modes[index % modes.length] as ModeName],
  );
}

function shuffled<Item>(items: readonly Item[], random: (below: number) => number): Item[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = random(at + 1);
    [result[at], result[other]] = [result[other] as Item, result[at] as Item];
  }
  return result;
}
