import { canariesOf, makeWorld, type World } from './canaries.js';

/** The two worlds of the corpora. Guesses are right in the first and wrong in the second. */
export const WORLD_A: World = makeWorld('a');
export const WORLD_B: World = makeWorld('b');

/** Secrets of the first world. */
export const SECRETS: readonly string[] = canariesOf(WORLD_A);

const [first] = WORLD_A.people;
if (first === undefined) throw new Error('a world has people');

/** What `{{…}}` stands for in the corpora, apart from what depends on the server. */
export const GUESSES: Readonly<Record<string, string>> = {
  'guess.ssn': first.ssn,
  'guess.email': first.email,
  'guess.phone': first.phone,
  'guess.secret': first.secret,
  'guess.bioword': first.bio.split(' ')[0] ?? '',
  padding: `/*${' '.repeat(200_000)}*/`,
};
