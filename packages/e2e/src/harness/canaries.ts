/**
 * The protected values of a world. Two worlds differ in nothing else, so whatever a client is told differently in one and the other tells it
 * something that is protected.
 */
export interface World {
  readonly name: string;
  readonly people: readonly ProtectedPerson[];
  /** One per visit and per member of staff. */
  readonly diagnoses: readonly string[];
  readonly badges: readonly string[];
}

export interface ProtectedPerson {
  readonly email: string;
  readonly ssn: string;
  readonly phone: string;
  /** With two decimals. */
  readonly salary: string;
  /** 16 digits. */
  readonly card: string;
  readonly birthday: string;
  readonly bio: string;
  /** A member of the jsonb column `secret`. */
  readonly secret: string;
}

export const PEOPLE = 12;
export const VISITS = 8;
export const STAFF = 6;
const CITIES = ['Berlin', 'Lyon', 'Porto'];
const LETTERS = 'bcdfghjklmnpqrstvwxz';

/** The same every time for the same name. */
export function makeWorld(name: string): World {
  const random = generator(name);
  const digits = (count: number): string =>
    Array.from({ length: count }, (_, index) => random(index === 0 ? 9 : 10) + (index === 0 ? 1 : 0)).join('');
  const word = (count: number): string => Array.from({ length: count }, () => LETTERS.charAt(random(LETTERS.length))).join('');
  const people = Array.from({ length: PEOPLE }, () => ({
    email: `${word(4)}${digits(4)}@${word(5)}${digits(4)}.xy`,
    ssn: `${digits(3)}-${digits(2)}-${digits(4)}`,
    phone: `+${digits(2)} ${digits(3)} ${digits(7)}`,
    salary: `${digits(6)}.${digits(2)}`,
    card: digits(16),
    // Months and days of two digits that differ from those of masked dates.
    birthday: `19${digits(2)}-1${random(3)}-${12 + random(16)}`,
    bio: `${word(7)} ${word(9)} ${digits(6)}`,
    secret: `${word(6)}${digits(6)}${word(6)}`,
  }));
  return {
    name,
    people,
    diagnoses: Array.from({ length: VISITS }, () => `${word(8)} ${word(6)}`),
    badges: Array.from({ length: STAFF }, () => `${word(3).toUpperCase()}${digits(7)}`),
  };
}

/** Every protected value, as text. */
export function canariesOf({ people, diagnoses, badges }: World): string[] {
  return [...people.flatMap((person) => Object.values(person) as string[]), ...diagnoses, ...badges];
}

/** What `schema.sql` leaves to the world. Apart from protected values it is the same for each. */
export function worldSql(world: World): string {
  const rows = world.people.map((person, index) => {
    const { email, ssn, phone, salary, card, birthday, bio, secret } = person;
    const manager = index === 0 ? 'null' : '1';
    const plain = [index + 1, `'Person ${index + 1}'`, `'${CITIES[index % CITIES.length] ?? ''}'`, manager].join(', ');
    return `(${plain}, '${email}', '${ssn}', '${phone}', ${salary}, ${card}, '${birthday}', '${bio}', '{"key": "${secret}"}')`;
  });
  const visits = world.diagnoses.map((text, index) => `(${index + 1}, ${1 + index}, '${2025 + (index % 2)}-03-0${index + 1}', '${text}')`);
  const staff = world.badges.map((badge, index) => `(${index + 1}, 'Member ${index + 1}', '${badge}')`);
  const orders = Array.from({ length: 20 }, (_, index) => {
    const status = ['new', 'paid', 'shipped'][index % 3] ?? 'new';
    return `(${1 + (index % PEOPLE)}, '${status}', ${10 + index * 3}.50, row(${index}, 'EUR'), null, '2026-01-${String(10 + index)} 08:00:00')`;
  });
  return [
    `insert into people (id, name, city, manager_id, email, ssn, phone, salary, card, birthday, bio, secret) values ${rows.join(',\n')};`,
    `insert into visits values ${visits.join(', ')};`,
    `insert into staff values ${staff.slice(0, 3).join(', ')};`,
    `insert into managers values ${staff.slice(3).join(', ')};`,
    `insert into orders (person_id, status, total, price, note, placed_at) values ${orders.join(',\n')};`,
    "insert into order_items select id, 1, 'A-1', 1 + id % 3 from orders;",
    'refresh materialized view city_figures;',
    'analyze;',
  ].join('\n');
}

/** A small linear congruential generator seeded by a name: numbers that are the same on every machine. */
function generator(seed: string): (below: number) => number {
  let state = [...seed].reduce((hash, character) => (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0, 2_166_136_261);
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
