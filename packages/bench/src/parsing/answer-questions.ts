import type { MessagePort } from 'node:worker_threads';
import type { ParseContext, ParseResult } from '@sqlwarden/core';

/** Answers `{id, text, context}` with `{id, result}` by a parser that runs at once. An answer that cannot be cloned is an internal failure. */
export function answerQuestions(port: MessagePort | null, parse: (text: string, context: ParseContext) => ParseResult): void {
  if (port === null) throw new Error('a parser worker must run as a worker thread');
  port.on('message', ({ id, text, context }: { readonly id: number; readonly text: string; readonly context: ParseContext }) => {
    const result = parse(text, context);
    try {
      port.postMessage({ id, result });
    } catch {
      port.postMessage({ id, result: { ok: false, failure: { kind: 'internal', message: 'the statement is nested too deep' } } });
    }
  });
}
