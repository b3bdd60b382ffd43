import { unreachable } from '@sqlwarden/core';
import type { BackendMessage } from '../harness/backend-messages.js';
import * as frontend from '../harness/frontend-messages.js';
import type { RawClient } from '../harness/raw-client.js';
import { forSubject } from './forms.js';
import type { WireStep } from './modes.js';
import type { Subject } from './subjects.js';

const RUNS_PER_CONNECTION = 40;

/** Where runs go: one connection that is used again and again, and others that are there for one run. */
export class Lane {
  readonly #open: (trusted: boolean) => Promise<RawClient>;
  #client: RawClient | undefined;
  #runs = 0;

  /** @param open another connection; `trusted`: of somebody for whom nothing is masked. */
  constructor(open: (trusted: boolean) => Promise<RawClient>) {
    this.#open = open;
  }

  /** Runs steps in order and answers every message that came to connections for which everything is masked. A session that is closed ends it early. */
  async run(subject: Subject, steps: readonly WireStep[], transaction: boolean): Promise<BackendMessage[]> {
    const fresh = steps.length > 1 && steps.some(({ sql, session }) => session !== undefined || LASTING.test(sql));
    if (fresh || this.#runs >= RUNS_PER_CONNECTION || this.#client?.closed === true) await this.close();
    this.#client ??= await this.#open(false);
    this.#runs += 1;
    const others = new Map<string, RawClient>();
    const received: BackendMessage[] = [];
    try {
      if (transaction) received.push(...(await exchange(this.#client, [frontend.query('begin')])));
      for (const step of steps) {
        const client = await this.#sessionOf(step, others);
        const messages = await exchange(client, messagesOf(step, subject), step.copy);
        if (step.session !== 'owner') received.push(...messages);
      }
      if (transaction || isInTransaction(received)) await exchange(this.#client, [frontend.query('rollback')]);
    } finally {
      for (const client of others.values()) await client.close();
      if (fresh) await this.close();
    }
    return received;
  }

  async close(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    this.#runs = 0;
  }

  async #sessionOf({ session }: WireStep, others: Map<string, RawClient>): Promise<RawClient> {
    if (session === undefined) return (this.#client ??= await this.#open(false));
    let client = others.get(session);
    if (client === undefined) others.set(session, (client = await this.#open(session === 'owner')));
    return client;
  }
}

/** What a session keeps after ROLLBACK. */
const LASTING = /\b(set|reset|discard|prepare|listen|role|authorization|temp|set_config|declare|load)\b/i;

function messagesOf(step: WireStep, subject: Subject): Buffer[] {
  const sql = forSubject(step.sql, subject);
  const values = step.values?.map((value) => (value === null ? null : forSubject(value, subject))) ?? [];
  const { transport } = step;
  switch (transport) {
    case 'simple':
      return [frontend.query(sql)];
    case 'text':
    case 'binary': {
      const bound = frontend.bind({ values, resultFormat: transport });
      return [frontend.parse(sql), bound, frontend.describePortal(), frontend.execute(), frontend.sync()];
    }
    case 'portal': {
      const opened = [frontend.parse(sql), frontend.bind({ portal: 'p', values, resultFormat: 'binary' }), frontend.describePortal('p')];
      return [...opened, frontend.execute('p', 2), frontend.flush(), frontend.execute('p', 2), frontend.execute('p'), frontend.sync()];
    }
    case 'named': {
      // Where a run before this one failed, its statement is still there.
      const prepared = [frontend.closeStatement('m'), frontend.parse(sql, 'm'), frontend.describeStatement('m')];
      const [first, second] = (['text', 'binary'] as const).map((resultFormat) => frontend.bind({ statement: 'm', values, resultFormat }));
      const runs = [first, second].flatMap((bound) => (bound === undefined ? [] : [bound, frontend.describePortal(), frontend.execute()]));
      return [...prepared, ...runs, frontend.closeStatement('m'), frontend.sync()];
    }
    default:
      return unreachable(transport);
  }
}

/** Sends messages and answers everything up to ReadyForQuery; sends COPY data when it is asked for. */
async function exchange(client: RawClient, messages: readonly Buffer[], copy = ''): Promise<BackendMessage[]> {
  client.send(...messages);
  const received: BackendMessage[] = [];
  while (!client.closed) {
    const message = await client.next().catch((error: unknown) => {
      if (client.closed) return undefined;
      throw error;
    });
    if (message === undefined) break;
    received.push(message);
    if (message.type === 'Z') break;
    if (message.type !== 'G') continue;
    client.send(frontend.copyData(copy), frontend.copyDone());
    // In the extended protocol the server has thrown the Sync away that came while it waited for data.
    if (received.some(({ type }) => type === '2')) client.send(frontend.sync());
  }
  return received;
}

function isInTransaction(received: readonly BackendMessage[]): boolean {
  const ready = received.findLast(({ type }) => type === 'Z');
  return ready !== undefined && ready.body.toString('latin1') !== 'I';
}
