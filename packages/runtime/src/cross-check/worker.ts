import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { ParseContext, ParseResult } from '@sqlwarden/core';
import { readingOf } from './parser-reading.js';

/**
 * The entry of a cross-check worker, with the build of node-sql-parser in its `workerData`: answers `{id, text, context}` with
 * `{id, result}`, where the unit's only statement is a `ParserReading`. What the parser does not take is a `syntax` failure.
 */
interface ParserBuild {
  readonly Parser: new () => { parse(text: string): { readonly ast: unknown; readonly tableList: readonly string[] } };
}

const port = parentPort;
if (port === null) throw new Error('the cross-check must run as a worker thread');

const { build } = workerData as { readonly build: string };
const { Parser } = createRequire(import.meta.url)(`node-sql-parser/build/${build}`) as ParserBuild;
const parser = new Parser();

port.on('message', ({ id, text }: { readonly id: number; readonly text: string; readonly context: ParseContext }) => {
  port.postMessage({ id, result: read(text) });
});

function read(text: string): ParseResult {
  try {
    return { ok: true, unit: { statements: [readingOf(parser.parse(text))] } };
  } catch (error) {
    const kind = error instanceof Error && error.name === 'SyntaxError' ? 'syntax' : 'internal';
    return { ok: false, failure: { kind, message: 'node-sql-parser does not take the statement' } };
  }
}
