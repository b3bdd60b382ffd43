import { claim, seen } from './claim.js';
import type { Scene, TrainingStory } from './scene.js';
import { stage } from './stage.js';

const FEATURES = `select id, full_name, email, phone, ssn, birth_date, city, risk_score
from people order by id`;
const NUMBERS = 'select id, ssn from people where id <= 500';
const HIDDEN = ['full_name', 'email', 'phone', 'ssn'] as const;
const COLUMNS = [...HIDDEN, 'birth_date', 'city', 'risk_score'] as const;
type Person = { readonly id: number } & Readonly<Record<(typeof COLUMNS)[number], string | null>>;

/** A training job reads the features; personal data is masked on its way out. */
export async function training(scene: Scene): Promise<TrainingStory> {
  stage.act(2, 'The model is trained');
  stage.say('risk-trainer, a service account, reads the features of everybody. Nobody told it which columns are personal data.');
  const trainer = await scene.system.connect(scene.port, 'risk-trainer', scene.run.tokens.token('trainer'));
  stage.line();
  stage.sends('risk-trainer', FEATURES);
  const { rows: got } = await trainer.query<Person>(FEATURES);
  const { rows: again } = await trainer.query<Pick<Person, 'id' | 'ssn'>>(NUMBERS);
  await trainer.end();
  const { rows: stored } = await scene.database.direct.query<Person>(FEATURES);
  claim(got.length === stored.length && got.length === scene.database.people, 'the training job got a row for everybody');
  stage.gets(`SELECT ${got.length}`, 'green');
  const received = new Set(got.flatMap((person) => COLUMNS.map((column) => person[column])));
  const hidden = stored.flatMap((person) => HIDDEN.map((column) => person[column]));
  claim(!hidden.some((value) => received.has(value)), 'no stored name, address, telephone or social security number came through');
  for (const [at, person] of got.entries()) checkUseful(person, seen(stored[at], 'the stored row'));
  checkTokens(got, stored, again);
  const interesting = got.filter(({ risk_score: score }) => Number(score) > 0).slice(0, 2);
  claim(interesting.length === 2, 'some people have a feature');
  for (const person of interesting)
    sideBySide(
      seen(
        stored.find(({ id }) => id === person.id),
        'the stored row',
      ),
      person,
    );
  stage.say(
    `Compared row by row with the database: of the ${hidden.length.toLocaleString('en')} stored names, addresses, telephone and social security numbers not one came through. Ids, cities and the new feature came as they are, birthdays as years. Every number has a token of its own, the same one in every query: the data can still be joined.`,
  );
  return { rows: got.length };
}

/** What is not personal data came as it is; of the birthday only the year; tokens tell equal numbers apart from others. */
function checkUseful(got: Person, stored: Person): void {
  const same = got.id === stored.id && got.city === stored.city && got.risk_score === stored.risk_score;
  claim(same, 'what is not personal data came unchanged');
  claim(got.birth_date === `${stored.birth_date?.slice(0, 4)}-01-01`, 'birthdays came as years');
}

/** Different numbers have different tokens, and another query gets the same ones. */
function checkTokens(got: readonly Person[], stored: readonly Person[], again: readonly Pick<Person, 'id' | 'ssn'>[]): void {
  claim(new Set(got.map(({ ssn }) => ssn)).size === new Set(stored.map(({ ssn }) => ssn)).size, 'every number has a token of its own');
  const tokens = new Map(got.map(({ id, ssn }) => [id, ssn]));
  claim(again.length > 0 && again.every(({ id, ssn }) => tokens.get(id) === ssn), 'another query gets the same tokens');
}

function sideBySide(stored: Person, got: Person): void {
  const rows = COLUMNS.map((column) => [column, stored[column] ?? '', got[column] ?? '']);
  stage.table([[`person ${stored.id}`, 'stored in the database', 'what the training job got'], ...rows]);
}
