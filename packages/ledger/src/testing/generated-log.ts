import type { Principal, StatementFacts, UnitRecord } from '@sqlwarden/core';
import type { Ledger } from '../ledger.js';
import { ada, agent, dan, NO_FACTS, openLedger, Player, START, ticking, trainer } from './scenario.js';

/** A log of many entries for tests, the same for the same seed: sessions, reads, changes, approvals, restarts, crossing each other as they do in life. */
export interface GeneratedLog {
  readonly directory: string;
  readonly seed: number;
  readonly entries: number;
  /** How many entries of no unit there are beside each other one: they fill segments. */
  readonly filler: number;
}

const TABLES = [
  'public.people',
  'public.orders',
  'sales.invoices',
  'hr.salaries',
  'public."Odd ""Näme.x"',
  `public.${'long'.repeat(30)}`,
  // As it was written: no name that can be taken apart.
  'public."unfinished',
] as const;
const RUN: Principal = {
  ...trainer,
  run: { trainingRun: 'run-7', job: 'nightly' },
  workload: { pod: 'trainer-0', serviceAccount: 'training' },
  proof: { ...trainer.proof, run: 'token' },
};
const ODD: Principal = { ...dan, subject: { ...dan.subject, id: 'İda#"x"\n', name: 'IDA#1', issuer: 'https://id.example#y' } };
const PEOPLE: readonly Principal[] = [ada, agent, dan, trainer, RUN, ODD];
/** More columns than an entry can hold. */
const WIDE = Array.from({ length: 1_500 }, (_, at) => ({ column: `public.people.${'wide'.repeat(12)}_${at}`, use: 'output' as const }));

const FILLER = { type: 'login.refused', upstream: 'crm', client: '', code: 'no-token', message: '', asserted: {} } as const;

interface OpenUnit {
  readonly session: string;
  readonly intent: number;
  readonly transaction: number;
}

export async function generateLog({ directory, seed, entries, filler }: GeneratedLog): Promise<void> {
  let ledger = await openLedger(directory, { clock: ticking() });
  const script = new Script(seed, () => ledger);
  let signed = 0;
  while (script.entries < entries) {
    script.step();
    if (filler > 0) script.fill(filler);
    if (script.entries - signed > 8_192) {
      signed = script.entries;
      await ledger.checkpoint();
    }
    if (script.chance(6_000)) {
      await ledger.close();
      ledger = await openLedger(directory, { clock: ticking(START + script.entries * 100) });
      script.restarted();
    }
  }
  await ledger.close();
}

class Script {
  readonly #ledger: () => Ledger;
  #state: number;
  #sessions: { readonly name: string; readonly as: Principal; readonly decisions: number[] }[] = [];
  #decisions: number[] = [];
  #reads: { readonly ticket: number }[] = [];
  #units: OpenUnit[] = [];
  #transactions: Omit<OpenUnit, 'intent'>[] = [];
  #requests = 0;
  #names = 0;
  entries = 0;

  constructor(seed: number, ledger: () => Ledger) {
    this.#state = seed;
    this.#ledger = ledger;
  }

  /** xorshift32. */
  #random(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  /** True once in so many times. */
  chance(times: number): boolean {
    return this.#random(times) === 0;
  }

  restarted(): void {
    this.#sessions = [];
    this.#decisions = [];
    this.#reads = [];
    this.#units = [];
    this.#transactions = [];
  }

  fill(times: number): void {
    for (let count = this.#random(2 * times + 1); count > 0; count--) this.entries = this.#ledger().append(FILLER, []) + 1;
  }

  step(): void {
    const player = new Player(this.#ledger());
    const session = this.#sessions[this.#random(Math.max(1, this.#sessions.length))];
    if (session === undefined || this.chance(400)) {
      const as = PEOPLE[this.#random(PEOPLE.length)] ?? ada;
      const name = this.chance(50) ? 'again' : `s${this.#names++}`;
      this.#sessions.push({ name, as, decisions: [] });
      this.#wrote(player.login(name, as));
      return;
    }
    const kind = this.#random(100);
    if (kind < 32) this.#read(player, session.name);
    else if (kind < 62) this.#complete(player);
    else if (kind < 74) this.#intent(player, session.name, session.as);
    else if (kind < 88) this.#end(player);
    else if (kind < 90) this.#refused(player, session.name, session.as);
    else if (kind < 91) this.#approved(player, session.name, session.as);
    else if (this.chance(40)) this.#close(player, session.name);
    else if (this.chance(4)) this.#schemaChanged(player);
  }

  #wrote(seq: number): number {
    this.entries = seq + 1;
    return seq;
  }

  #read(player: Player, session: string): void {
    if (this.#decisions.length === 0 || this.chance(200)) {
      const { record, ...options } = this.#what();
      this.#decisions.push(this.#wrote(player.decided({ ...options, record: { ...record, fingerprint: this.#hash() } })));
    }
    const decision = this.#decisions[this.#random(this.#decisions.length)] ?? 0;
    this.#reads.push({ ticket: player.begin(decision, { session, ...(this.chance(9) ? { parameters: ['42'] } : {}) }) });
  }

  #complete(player: Player): void {
    // Seldom the one that was begun first: some take long.
    const [read] = this.#reads.splice(this.chance(3) ? 0 : this.#random(Math.max(1, this.#reads.length)), 1);
    if (read !== undefined) this.#wrote(player.complete(read.ticket, { maskedCells: this.#random(3), suspended: this.chance(9) }));
  }

  #intent(player: Player, session: string, as: Principal): void {
    const known = this.#transactions.find((open) => open.session === session);
    const transaction = known?.transaction ?? this.entries;
    if (known === undefined) this.#transactions.push({ session, transaction });
    const { record, ...options } = this.#what();
    const seq = player.intent({ ...options, session, as, transaction, record: { ...record, fingerprint: this.#hash() } });
    this.#units.push({ session, transaction, intent: this.#wrote(seq) });
  }

  #end(player: Player): void {
    const [unit] = this.#units.splice(0, 1);
    if (unit !== undefined) {
      const status = this.chance(20) ? 'error' : 'ok';
      const { intent, session, transaction } = unit;
      this.#wrote(player.outcome(intent, { session, transaction, status, ...(status === 'error' ? { errorCode: '23505' } : {}) }));
    }
    // Some transactions stay open until their session ends.
    if (this.chance(2)) return;
    const [over] = this.#transactions.splice(this.#random(Math.max(1, this.#transactions.length)), 1);
    if (over !== undefined) this.#wrote(player.ended(over.transaction, this.chance(4) ? 'rolled-back' : 'committed', over.session));
  }

  #refused(player: Player, session: string, as: Principal): void {
    // Now and then one whose session nobody opened, or is over.
    const { record, disclosures } = player.unit({ ...this.#what(), session: this.chance(4) ? 'again' : session, as });
    this.#wrote(
      player.append({ type: 'statement.refused', ...record, code: 'policy-denied', rule: 'no-writes', message: 'ask' }, disclosures),
    );
  }

  #approved(player: Player, session: string, as: Principal): void {
    const request = `r${this.#requests++}`;
    const what = this.#what();
    this.#wrote(player.request({ ...what, session, as }, { request }));
    if (this.chance(3)) return;
    this.#wrote(player.decide(dan, { request }));
    const transaction = this.entries;
    const intent = this.#wrote(player.intent({ ...what, session, as, transaction }, { approval: { request, digest: 'd'.repeat(64) } }));
    this.#units.push({ session, transaction, intent });
    this.#transactions.push({ session, transaction });
    if (!this.chance(3)) this.#wrote(player.append({ type: 'approval.ended', request, digest: 'd'.repeat(64), end: 'used' }, []));
  }

  #close(player: Player, session: string): void {
    this.#sessions = this.#sessions.filter(({ name }) => name !== session);
    this.#units = this.#units.filter((unit) => unit.session !== session);
    this.#transactions = this.#transactions.filter((open) => open.session !== session);
    this.#wrote(player.append({ type: 'session.closed', session, reason: 'closed by client', durationMs: 1 }, []));
  }

  #schemaChanged(player: Player): void {
    const name = TABLES[this.#random(TABLES.length)] ?? '';
    const intent = this.#units.at(-1)?.intent;
    const changes = [{ operation: 'added', kind: 'column', name: `${name}.extra` } as const];
    const event = { type: 'schema.changed', upstream: 'crm', catalogue: 2, changes } as const;
    this.#wrote(player.append({ ...event, ...(intent === undefined ? {} : { intent }) }, []));
  }

  #hash(): string {
    return this.#random(40).toString(16).padStart(64, '0');
  }

  #what(): { readonly text: string; readonly facts: Partial<StatementFacts>; readonly record: Partial<UnitRecord> } {
    const table = TABLES[this.#random(TABLES.length)] ?? '';
    const text = `-- ${this.#random(1000)}`;
    const columns = [{ column: `${table}.email`, use: 'output' as const }];
    const masked = {
      labels: ['pii.email'],
      protectedColumns: [{ column: `${table}.email`, label: 'pii.email' }],
      masks: [{ statement: 0, output: 0, label: 'pii.email', function: 'email', sources: [`${table}.email`] }],
    };
    const upstream = this.chance(7) ? 'hr' : 'crm';
    switch (this.#random(9)) {
      case 0:
        return { text: `update ${text}`, facts: { action: 'update', class: 'write', writes: [table] }, record: { upstream } };
      case 1: {
        const schemaChanges = [
          { operation: 'alter', kind: 'table', name: table, columns: [{ operation: 'add', name: 'risk', type: 'int' }] },
        ] as const satisfies StatementFacts['schemaChanges'];
        return { text: `alter ${text}`, facts: { action: 'alter', class: 'schema', writes: [table], schemaChanges }, record: {} };
      }
      case 2:
        return {
          text: `do ${text}`,
          facts: { action: 'do', class: 'procedural', opaque: [{ kind: 'dynamic-sql', detail: 'DO block' }] },
          record: { rules: ['blind'] },
        };
      case 3:
        return this.chance(5)
          ? { text: `wide ${text}`, facts: { ...NO_FACTS, reads: ['public.people'], columns: WIDE }, record: masked }
          : { text, facts: { reads: [table], columns }, record: { ...masked, upstream } };
      case 5: {
        // Through a view: the facts do not name what is masked.
        const member = 'public.people."notes.x#/a.b"';
        const masks = [{ statement: 0, output: 0, label: 'pii."x"', function: 'null', sources: [`${table}.email`, member] }];
        return {
          text,
          facts: { reads: ['public.some_view'], columns: [{ column: member, use: 'output' }], filter: 'present' },
          record: { ...masked, labels: ['pii."x"'], masks, upstream },
        };
      }
      case 4:
        return { text, facts: { reads: [table], columns }, record: { ...masked, upstream, rules: ['training-reads'] } };
      default:
        return { text, facts: { reads: [table] }, record: { upstream } };
    }
  }
}
