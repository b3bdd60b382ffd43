import { PEOPLE, type World } from '../harness/canaries.js';

const CITIES = ['Berlin', 'Lyon', 'Porto'];

/** What SQL Server's `schema.sql` leaves to the world. Apart from protected values it is the same for each. */
export function sqlserverWorldSql(world: World): string {
  const people = world.people.map((person, index) => {
    const { email, ssn, phone, salary, card, birthday, bio, secret } = person;
    const plain = [index + 1, `'Person ${index + 1}'`, `'${CITIES[index % CITIES.length] ?? ''}'`, index === 0 ? 'null' : '1'].join(', ');
    return `(${plain}, '${email}', '${ssn}', '${phone}', ${salary}, ${card}, '${birthday}', '${bio}', '{"key": "${secret}"}')`;
  });
  const visits = world.diagnoses.map((text, index) => `(${index + 1}, ${1 + index}, '${2025 + (index % 2)}-03-0${index + 1}', '${text}')`);
  const staff = world.badges.map((badge, index) => `(${index + 1}, 'Member ${index + 1}', '${badge}')`);
  const orders = Array.from({ length: 20 }, (_, index) => {
    const status = ['new', 'paid', 'shipped'][index % 3] ?? 'new';
    return `(${1 + (index % PEOPLE)}, '${status}', ${10 + index * 3}.50, null, '2026-01-${String(10 + index)} 08:00:00')`;
  });
  return [
    `insert into people (id, name, city, manager_id, email, ssn, phone, salary, card, birthday, bio, secret) values ${people.join(',\n')};`,
    `insert into visits (id, person_id, visited_on, diagnosis) values ${visits.join(', ')};`,
    `insert into staff (id, name, badge) values ${staff.join(', ')};`,
    `insert into orders (person_id, status, total, note, placed_at) values ${orders.join(',\n')};`,
    "insert into order_items select id, 1, 'A-1', 1 + id % 3 from orders;",
  ].join('\n');
}
