import type { Refusal } from '@sqlwarden/core';

export interface ConnectionBounds {
  /** Clients of one listener at a time. */
  readonly maxSessions: number;
  /** Those of them that have not logged in yet. */
  readonly maxLogins: number;
  /** Clients of one identity at a time, over all listeners; 0: no limit. */
  readonly maxSessionsPerIdentity: number;
}

/** What becomes of a client that has connected. `drop`: close it without a word. */
export type Entered = { readonly kind: 'in' | 'refused'; readonly client: number; readonly refusal?: Refusal } | { readonly kind: 'drop' };

/** Clients that were turned away since the start, by why. */
export interface TurnedAway {
  readonly listener: number;
  readonly logins: number;
  readonly identity: number;
  readonly dropped: number;
}

interface Client {
  readonly listener: string;
  /** Stays only until it has been told why. */
  readonly refused: boolean;
  identity: string | undefined;
}

interface Counts {
  sessions: number;
  logins: number;
  refused: number;
}

/** How many clients over the limit may be told why at a time: telling costs memory too. */
const MAX_REFUSED = 64;

/** Counts the clients of all listeners of a gateway. One of it decides for all workers. */
export class ConnectionLimits {
  readonly #bounds: ConnectionBounds;
  readonly #clients = new Map<number, Client>();
  readonly #listeners = new Map<string, Counts>();
  readonly #identities = new Map<string, number>();
  readonly #away = { listener: 0, logins: 0, identity: 0, dropped: 0 };
  #last = 0;

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds;
  }

  /** Clients that were let in. */
  get size(): number {
    let size = 0;
    for (const { sessions } of this.#listeners.values()) size += sessions;
    return size;
  }

  get turnedAway(): TurnedAway {
    return { ...this.#away };
  }

  /** Clients that were let in, by listener. */
  get perListener(): readonly { readonly listener: string; readonly sessions: number; readonly logins: number }[] {
    return [...this.#listeners].map(([listener, { sessions, logins }]) => ({ listener, sessions, logins }));
  }

  /** A client has connected. Whatever has a number must be taken back by {@link left}. */
  enter(listener: string): Entered {
    const counts = this.#countsOf(listener);
    const refusal = this.#refusal(counts);
    if (refusal === undefined) {
      counts.sessions += 1;
      counts.logins += 1;
      return { kind: 'in', client: this.#add({ listener, refused: false, identity: undefined }) };
    }
    if (counts.refused >= MAX_REFUSED) {
      this.#away.dropped += 1;
      return { kind: 'drop' };
    }
    counts.refused += 1;
    return { kind: 'refused', client: this.#add({ listener, refused: true, identity: undefined }), refusal };
  }

  /** A client has proven who it is. A refusal when that identity has as many as it may. */
  identified(client: number, identity: string): Refusal | undefined {
    const found = this.#clients.get(client);
    if (found === undefined || found.refused || found.identity !== undefined) return undefined;
    const { maxSessionsPerIdentity } = this.#bounds;
    const open = this.#identities.get(identity) ?? 0;
    if (maxSessionsPerIdentity > 0 && open >= maxSessionsPerIdentity) {
      this.#away.identity += 1;
      return full(`this identity has ${open} connections, as many as it may; close some and connect again`);
    }
    found.identity = identity;
    this.#identities.set(identity, open + 1);
    this.#countsOf(found.listener).logins -= 1;
    return undefined;
  }

  /** The client is gone. */
  left(client: number): void {
    const found = this.#clients.get(client);
    if (found === undefined) return;
    this.#clients.delete(client);
    const counts = this.#countsOf(found.listener);
    if (found.refused) {
      counts.refused -= 1;
      return;
    }
    counts.sessions -= 1;
    if (found.identity === undefined) counts.logins -= 1;
    else this.#forget(found.identity);
  }

  #forget(identity: string): void {
    const open = (this.#identities.get(identity) ?? 1) - 1;
    if (open === 0) this.#identities.delete(identity);
    else this.#identities.set(identity, open);
  }

  #refusal({ sessions, logins }: Counts): Refusal | undefined {
    const { maxSessions, maxLogins } = this.#bounds;
    if (sessions >= maxSessions) {
      this.#away.listener += 1;
      return full(`${sessions} clients are connected, as many as may be; connect again when some have gone`);
    }
    if (logins < maxLogins) return undefined;
    this.#away.logins += 1;
    return full(`${logins} clients are logging in, as many as may at a time; connect again`);
  }

  #countsOf(listener: string): Counts {
    let counts = this.#listeners.get(listener);
    if (counts === undefined) {
      counts = { sessions: 0, logins: 0, refused: 0 };
      this.#listeners.set(listener, counts);
    }
    return counts;
  }

  #add(client: Client): number {
    this.#last += 1;
    this.#clients.set(this.#last, client);
    return this.#last;
  }
}

function full(message: string): Refusal {
  return { code: 'too-many-connections', message };
}
