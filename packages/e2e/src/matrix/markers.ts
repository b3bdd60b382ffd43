/** A world by how its protected values differ from those of the first. Nothing else about worlds differs. */
export const WORLDS = {
  a: { lengths: 'base', duplicates: false },
  /** Values as long as in `a`, in another order. */
  b: { lengths: 'base', duplicates: false },
  /** Values of other lengths, two of them equal. */
  c: { lengths: 'other', duplicates: true },
} as const satisfies Record<string, { readonly lengths: 'base' | 'other'; readonly duplicates: boolean }>;
export type WorldName = keyof typeof WORLDS;

/** How many digits a number has in worlds of either kind of lengths. */
export interface Digits {
  readonly base: number;
  readonly other: number;
  readonly first?: string;
}

/** Parts of protected values: written with letters and digits that seldom stand together anywhere else, so that four of them in a row say something. */
export interface Markers {
  word(limit?: number): string;
  digits(digits: Digits): string;
  /** Both ends included. */
  between(least: number, most: number): number;
}

const LETTERS = 'qxzjkvw';
const DIGITS = '789';

/** The same markers every time for the same world and name. */
export function makeMarkers(world: WorldName, name: string): Markers {
  const random = generator(`${world} ${name}`);
  const { lengths } = WORLDS[world];
  const from = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet.charAt(random(alphabet.length))).join('');
  return {
    word: (limit = 60) => from(LETTERS, lengths === 'base' ? 14 : Math.min(limit, 6 + random(30))),
    digits: ({ base, other, first = '' }) => {
      const length = lengths === 'base' ? base : other;
      return length > first.length && lengths === 'base' ? first + from(DIGITS, length - first.length) : from(DIGITS, length);
    },
    between: (least, most) => least + random(most - least + 1),
  };
}

/** Numbers that are the same on every machine: a linear congruential generator seeded by a text. */
export function generator(seed: string): (below: number) => number {
  let state = [...seed].reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 16_777_619) >>> 0, 2_166_136_261);
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((((state ^ (state >>> 15)) >>> 0) / 2 ** 32) * below);
  };
}
