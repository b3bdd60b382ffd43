import * as frontend from '../../harness/frontend-messages.js';
import { Dice } from './dice.js';

/** What a client does. `wait`: until the server is ready, as often as it was asked to be. */
export type Step =
  | { readonly kind: 'send'; readonly bytes: Buffer; readonly readies: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'cancel' };

export interface Program {
  readonly seed: number;
  readonly steps: readonly Step[];
  /** Parts of a transaction are taken back: a row that was inserted may be gone though the transaction was committed. */
  readonly takesBack: boolean;
}

const NAMES = ['', '', 'a', 'b'];
const PORTALS = ['', '', 'p', 'q'];
const SEGMENTS = 14;

/**
 * A random client: messages of the simple and the extended protocol in every order, in pipelines, with errors, transactions, cursors, COPY,
 * statements that policy refuses and cancels. Every text has a tag of its own in a comment, so that what ran can be told apart.
 */
export function randomProgram(seed: number): Program {
  return new Writer(seed).program();
}

class Writer {
  readonly #dice: Dice;
  readonly #seed: number;
  readonly #steps: Step[] = [];
  #texts = 0;
  #takesBack = false;

  constructor(seed: number) {
    this.#seed = seed;
    this.#dice = new Dice(seed);
  }

  program(): Program {
    const segments = 4 + this.#dice.below(SEGMENTS);
    for (let segment = 0; segment < segments; segment += 1) {
      if (this.#dice.chance(2)) this.#send(this.#query(), 1);
      else this.#extended();
      if (this.#dice.chance(12)) this.#steps.push({ kind: 'cancel' });
      if (this.#dice.chance(2)) this.#steps.push({ kind: 'wait' });
    }
    this.#send(frontend.sync(), 1);
    this.#steps.push({ kind: 'wait' });
    return { seed: this.#seed, steps: this.#steps, takesBack: this.#takesBack };
  }

  #send(bytes: Buffer, readies: number): void {
    this.#steps.push({ kind: 'send', bytes, readies });
  }

  #tagged(text: string): string {
    this.#texts += 1;
    return `${text} /* s${this.#seed}t${this.#texts} */`;
  }

  #tag(): string {
    return `s${this.#seed}t${this.#texts + 1}`;
  }

  /** One statement that may stand anywhere, without COPY from the client. */
  #statement(): string {
    const dice = this.#dice;
    switch (dice.below(16)) {
      case 0:
        return this.#tagged(`select ${dice.below(100)}`);
      case 1:
        return this.#tagged(`select i from generate_series(1, ${1 + dice.below(5)}) i`);
      case 2:
      case 3:
      case 4:
        return this.#tagged(`insert into effects (tag) values ('${this.#tag()}')`);
      case 5:
        return this.#tagged('select 1 / (i - 2) from generate_series(1, 3) i');
      case 6:
        return this.#tagged('select no_such_column from effects');
      case 7:
      case 8:
        return this.#tagged('begin');
      case 9:
        return this.#tagged('commit');
      case 10:
        return this.#tagged('rollback');
      case 11:
        return this.#tagged(dice.pick(['declare c cursor for select 1', 'fetch 1 from c', 'close c']));
      case 12:
        return this.#tagged(dice.pick(['set search_path to public', 'reset all', "select set_config('search_path', 'public', false)"]));
      case 13:
        return this.#tagged('drop table effects');
      case 14:
        return this.#tagged(dice.pick(['prepare a as select 1', 'execute a', 'deallocate a', 'deallocate all', 'discard all']));
      default:
        return this.#savepoint();
    }
  }

  #savepoint(): string {
    const text = this.#dice.pick(['savepoint x', 'rollback to x', 'release x']);
    if (text === 'rollback to x') this.#takesBack = true;
    return this.#tagged(text);
  }

  #query(): Buffer {
    const dice = this.#dice;
    if (dice.chance(8)) return this.#copyIn();
    if (dice.chance(10)) return frontend.query(this.#tagged('copy (select 1 union all select 2) to stdout'));
    if (dice.chance(10)) return frontend.query(this.#tagged('select pg_sleep(0.02)'));
    const first = this.#statement();
    // The whole message is one text, with one tag for each of its statements.
    return frontend.query(dice.chance(4) ? `${first}; ${this.#statement()}` : first);
  }

  #copyIn(): Buffer {
    const tag = this.#tag();
    const begin = frontend.query(this.#tagged('copy effects (tag) from stdin'));
    const end = this.#dice.chance(4) ? frontend.copyFail('enough') : frontend.copyDone();
    // Data that come before the server has asked for them, too: it takes them all the same.
    return Buffer.concat([begin, frontend.copyData(`${tag}\n`), end]);
  }

  #extended(): void {
    const dice = this.#dice;
    const messages = 1 + dice.below(9);
    for (let message = 0; message < messages; message += 1) this.#send(this.#message(), 0);
    this.#send(frontend.sync(), 1);
  }

  #message(): Buffer {
    const dice = this.#dice;
    const statement = dice.pick(NAMES);
    const portal = dice.pick(PORTALS);
    switch (dice.below(9)) {
      case 0:
      case 1: {
        // What most clients do: everything of one statement.
        const describe = dice.chance(2) ? [frontend.describePortal(portal)] : [];
        const parse = frontend.parse(this.#statement(), statement);
        return Buffer.concat([parse, frontend.bind({ portal, statement }), ...describe, frontend.execute(portal, dice.pick([0, 0, 1]))]);
      }
      case 2:
        return frontend.parse(this.#statement(), statement);
      case 3:
        return frontend.bind({ portal, statement });
      case 4:
      case 5:
        return frontend.execute(portal, dice.pick([0, 0, 1, 2]));
      case 6:
        return dice.chance(2) ? frontend.describeStatement(statement) : frontend.describePortal(portal);
      case 7:
        return dice.chance(2) ? frontend.closeStatement(statement) : frontend.flush();
      default:
        return frontend.flush();
    }
  }
}
