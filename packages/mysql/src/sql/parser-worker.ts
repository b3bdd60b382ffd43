import { parentPort } from 'node:worker_threads';
import type { ParseContext, ParseResult } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

/**
 * The entry of a parser worker: answers `{id, text, context}` with `{id, result}`, one at a time in order. The owner of the worker sets the
 * deadline and ends the worker when it is over.
 */
export interface ParserRequest {
  readonly id: number;
  readonly text: string;
  readonly context: ParseContext;
}

export interface ParserAnswer {
  readonly id: number;
  readonly result: ParseResult;
}

const port = parentPort;
if (port === null) throw new Error('parser-worker must run as a worker thread');

port.on('message', ({ id, text, context }: ParserRequest) => answer(id, parseUnit(text, context)));

function answer(id: number, result: ParseResult): void {
  try {
    port?.postMessage({ id, result } satisfies ParserAnswer);
  } catch {
    // A tree that is too deep to be cloned.
    const failure = { kind: 'internal', message: 'the statement is nested too deep' } as const;
    port?.postMessage({ id, result: { ok: false, failure } } satisfies ParserAnswer);
  }
}
