import type { Refusal } from '@sqlwarden/core';
import type { Work } from './expected-reply.js';
import type { Forwarding } from './forwarding.js';
import { bracketed } from './procedure-name.js';

/** The database that a client named in its login, where it is another one than the session begins in: judged as USE, before the login is answered. */
export class DatabaseOpening {
  readonly #to: Forwarding;
  readonly #text: string;
  #work: Work | undefined;
  #result: 'opened' | Refusal | undefined;

  constructor(to: Forwarding, database: string) {
    this.#to = to;
    this.#text = `USE ${bracketed(database)}`;
  }

  /** `undefined`: to be called again. Only while nothing is expected. */
  step(): 'opened' | Refusal | undefined {
    if (this.#result !== undefined) return this.#result;
    const { admission, talk } = this.#to;
    const ready = admission.readiness();
    if (ready === 'wait') return undefined;
    if (ready !== 'ready') return ready;
    const answer = admission.ask('query', { text: this.#text });
    if (answer === undefined) return undefined;
    if (answer.kind === 'refuse') return answer.refusal;
    const work = this.#to.work(answer, this.#text);
    this.#work = work;
    this.#to.runs(answer, this.#text);
    talk.stateStale = true;
    talk.inject(this.#text, (result) => {
      if (this.#work !== work) return;
      this.#work = undefined;
      if (result.kind === 'error') work.errorCode = result.code;
      else work.results.push({ command: 'use', rowsReturned: 0, rowsAffected: null });
      talk.settle(work, result.kind === 'error' ? 'error' : 'ok');
      this.#result = result.kind === 'error' ? UNKNOWN : 'opened';
    });
    return undefined;
  }

  /** The session is over. */
  abandon(): void {
    this.#to.admission.abandon();
    this.#to.talk.settle(this.#work, 'unknown');
    this.#work = undefined;
  }
}

const UNKNOWN: Refusal = {
  code: 'database-unknown',
  message: 'the database that the login names could not be opened, check its name and that the account of the gateway may use it',
};
