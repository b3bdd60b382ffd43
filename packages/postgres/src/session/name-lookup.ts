import type { Conversation } from './conversation.js';
import { type NameTable, type Portal, PREPARED_PROBE, type PreparedStatement } from './prepared.js';

/** What a message does to a name: what takes it back, or what makes it true when the server agrees. */
export interface NameChange {
  readonly undo?: () => void;
  readonly confirm?: () => void;
}

/**
 * Finds what the names in the client's messages stand for on the server. A name is believed only when the server has confirmed it, or within
 * the Sync segment that made it, where nothing runs if it was not made; a name that SQL may have rebound is verified first.
 */
export class NameLookup {
  readonly #talk: Conversation;
  #verifying = false;

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  /** The statement of this name; `'wait'` until it is certain; `undefined` when the protocol made none. */
  statement(name: string): PreparedStatement | 'wait' | undefined {
    const talk = this.#talk;
    const statement = talk.names.statements.get(name);
    if (statement === undefined) return undefined;
    if (this.#uncertain(statement)) return 'wait';
    // In a failed transaction nothing can be asked, and nothing runs but its end.
    if (!statement.doubtful || talk.forecast.status === 'failed') return statement;
    this.#verify();
    return 'wait';
  }

  /** The portal of this name; `'wait'` until it is certain; `undefined` when the protocol made none or SQL may have replaced it. */
  portal(name: string): Portal | 'wait' | undefined {
    const portal = this.#talk.names.portals.get(name);
    if (portal === undefined || portal.doubtful) return undefined;
    return this.#uncertain(portal) ? 'wait' : portal;
  }

  #uncertain(entry: { readonly confirmed: boolean; readonly segment: number }): boolean {
    const talk = this.#talk;
    if (entry.confirmed || entry.segment === talk.segment || talk.expected.length === 0) return false;
    talk.needReplies();
    return true;
  }

  #verify(): void {
    if (this.#verifying) return;
    this.#verifying = true;
    const { names } = this.#talk;
    this.#talk.inject(PREPARED_PROBE, (result) => {
      this.#verifying = false;
      // What could not be verified is forgotten: the client makes it again.
      if (result.kind === 'rows') names.statements.verified(new Set(result.rows.map((row) => row[0] ?? '')));
      else names.statements.clear();
    });
  }

  /** Puts `entry` in place of what the name stood for. Where only the server can tell whether that works, nothing follows before its answer. */
  rename<Entry extends { doubtful: boolean; readonly bytes: number }>(names: NameTable<Entry>, name: string, entry: Entry): NameChange {
    const previous = names.get(name);
    if (name !== '' && previous !== undefined) {
      this.#talk.barrier = true;
      return { confirm: () => names.set(name, entry) };
    }
    names.set(name, entry);
    return { undo: () => names.set(name, previous) };
  }

  /** Forgets a name. */
  remove<Entry extends { doubtful: boolean; readonly bytes: number }>(names: NameTable<Entry>, name: string): NameChange {
    const previous = names.get(name);
    if (previous === undefined) return {};
    names.set(name, undefined);
    return { undo: () => names.set(name, previous) };
  }
}
