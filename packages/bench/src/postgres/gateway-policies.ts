/** The upstream's name in policies. */
export const UPSTREAM = 'bench';

/** Everything is allowed and nothing is known of any column. */
export const PASS_THROUGH = `
version: 1
default: allow
`;

const RULES = `
rules:
  - { id: app, match: { subject: { groups: [app] }, class: [read, write, transaction, session] }, then: allow }
  - { id: no-drop, match: { action: [drop, truncate] }, then: deny, message: drop through a migration }
  - { id: no-unfiltered-write, match: { action: [update, delete], filter: [absent, always-true] }, then: deny }
  - { id: agents-change-no-schema, match: { class: schema, actor: { kind: agent } }, then: deny }
`;

/** As an organisation would have it; what the benchmark reads is not masked by it. */
export const WITH_POLICY = `
version: 1
default: deny
classify:
  - { label: pii.note, columns: ["bench.public.pgbench_*.filler"] }
mask:
  - { label: pii.note, with: redact, except: { groups: [privacy] } }
${RULES}`;

/**
 * One masked column in pgbench's tables, its balances, which stay usable for its own updates; one and five in the wide tables: masks of
 * texts, keyed ones, and two that keep the type of a number and a date.
 */
export const WITH_MASKS = `
version: 1
default: deny
classify:
  - { label: pii.note, columns: ["bench.public.pgbench_*.filler"] }
  - { label: money.balance, columns: ["bench.public.pgbench_*.*balance"] }
  - { label: pii.email, columns: [bench.public.wide_1.email, bench.public.wide_5.email] }
  - { label: pii.phone, columns: [bench.public.wide_5.phone] }
  - { label: pii.ssn, columns: [bench.public.wide_5.ssn] }
  - { label: money.amount, columns: [bench.public.wide_5.amount] }
  - { label: pii.born, columns: [bench.public.wide_5.born] }
mask:
  - { label: pii.note, with: redact, except: { groups: [privacy] } }
  - { label: money.balance, with: { bucket: { size: 1000 } }, predicates: allow, derive: allow, write: allow }
  - { label: pii.email, with: email }
  - { label: pii.phone, with: last4 }
  - { label: pii.ssn, with: token }
  - { label: money.amount, with: { bucket: { size: 100 } } }
  - { label: pii.born, with: { date_trunc: { unit: month } } }
${RULES}`;
