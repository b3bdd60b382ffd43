import type { DialectName, ParseContext, ParseResult } from '@sqlwarden/core';
import { postgresDialect } from '@sqlwarden/postgres';
import { type Reply, WorkerClient } from './worker-client.js';

/** The deadline of one text, after which its worker is killed. Far above what is called slow, so that slow ones are told from endless ones. */
export const PARSE_DEADLINE_MS = 5_000;

export type ParseReply = Reply<{ readonly result: ParseResult }>;

interface Question {
  readonly text: string;
  readonly context: ParseContext;
}

/** Parses units of one dialect in a worker, one at a time, as the gateway does. */
export class UnitParser {
  readonly #client: WorkerClient<Question, { readonly result: ParseResult }>;

  constructor(dialect: DialectName) {
    this.#client = new WorkerClient(ENTRIES[dialect], undefined, PARSE_DEADLINE_MS);
  }

  parse(text: string, context: ParseContext): Promise<ParseReply> {
    return this.#client.ask({ text, context });
  }

  /** The same as the contract's `ParseText`: what is no answer is an internal failure. */
  async parseText(text: string, context: ParseContext): Promise<ParseResult> {
    const reply = await this.parse(text, context);
    return reply.kind === 'answer'
      ? reply.answer.result
      : { ok: false, failure: { kind: 'internal', message: `the parser ${reply.kind}` } };
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

const ENTRIES: Record<DialectName, URL> = {
  postgres: postgresDialect.parserEntry,
  mysql: new URL('./mysql-worker.js', import.meta.url),
  sqlserver: new URL('./sqlserver-worker.js', import.meta.url),
};
