import type { ParseContext, ParseResult } from './dialect.js';

/** What an adapter's worker thread is asked, and what it answers (`Dialect.parserEntry`). */
export interface ParserRequest {
  readonly id: number;
  readonly text: string;
  readonly context: ParseContext;
}

export interface ParserAnswer {
  readonly id: number;
  readonly result: ParseResult;
}

/** The thread's side of its port, as `node:worker_threads` has it. `postMessage` throws for what cannot be cloned. */
export interface ParserPort {
  on(event: 'message', listener: (request: ParserRequest) => void): unknown;
  postMessage(answer: ParserAnswer): void;
}

/**
 * Answers every request that arrives at the port, one at a time in order. The owner of the worker sets the deadline and ends the worker when it is
 * over. `parse` must not throw.
 */
export function serveParser(
  port: ParserPort | null,
  parse: (text: string, context: ParseContext) => ParseResult | Promise<ParseResult>,
): void {
  if (port === null) throw new Error('a parser must run in a worker thread');
  let last: Promise<void> = Promise.resolve();
  port.on('message', ({ id, text, context }) => {
    last = last.then(async () => answer(port, id, await parse(text, context)));
  });
}

function answer(port: ParserPort, id: number, result: ParseResult): void {
  try {
    port.postMessage({ id, result });
  } catch {
    // A tree that is too deep to be cloned.
    port.postMessage({ id, result: { ok: false, failure: { kind: 'internal', message: 'the statement is nested too deep' } } });
  }
}
