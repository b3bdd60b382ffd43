import { createRequire } from 'node:module';
import type { Catalogue, DialectName, ParseResult, UnitFacts } from '@sqlwarden/core';
import { ParsePool } from '../parse-pool.js';
import { disagreement } from './disagreement.js';
import type { ParserReading } from './parser-reading.js';

/** The builds of node-sql-parser that read the dialects. */
const BUILDS = { postgres: 'postgresql', mysql: 'mysql', sqlserver: 'transactsql' } as const satisfies Record<DialectName, string>;

const DEADLINE_MS = 1_000;
const MAX_WAITING = 500;
const MAX_CHARACTERS = 16 * 1024;
/** Its time doubles with every level of some forms of nesting. */
const MAX_DEPTH = 12;
/** Alone in a unit they say and do nothing that another opinion could add to; the parser does not know all of them. */
const TRANSACTION_WORDS =
  /^\s*(?:begin|start\s+transaction|commit|end|rollback|abort)(?:\s+(?:work|transaction|tran))?\s*;?\s*$|^\s*(?:(?:release\s+)?savepoint|rollback\s+to(?:\s+savepoint)?)\s+[a-z_]\w*\s*;?\s*$/i;
/** What clients of MySQL begin their sessions with; the parser does not know all of its forms. */
const CHARACTER_SET_WORDS = /^\s*set\s+(?:names|character\s+set|charset)\s+('?)\w+\1(?:\s+collate\s+('?)\w+\2)?\s*;?\s*$/i;

export interface CrossCheckOptions {
  /** The module of the worker, where it is not beside this one. */
  readonly worker?: URL;
  readonly deadlineMs?: number;
}

/**
 * A second opinion on what a text is, by node-sql-parser in a worker of its own. It decides nothing by itself: where it contradicts the facts, does not
 * take the text, or takes too long, the unit is to be refused. See docs/cross-check.md for what is compared.
 */
export class CrossCheck {
  readonly #pool: ParsePool;
  readonly #isMysql: boolean;

  /** Throws an `Error` that says what to do when node-sql-parser is not installed. */
  constructor(
    dialect: DialectName,
    { worker = new URL('./worker.js', import.meta.url), deadlineMs = DEADLINE_MS }: CrossCheckOptions = {},
  ) {
    const build = BUILDS[dialect];
    this.#isMysql = dialect === 'mysql';
    requireInstalled(build);
    this.#pool = new ParsePool({ entry: worker, workerData: { build }, deadlineMs, maxWaiting: MAX_WAITING });
    // The first statement shall not wait for the parser to be loaded.
    void this.#read('select 1');
  }

  /** What speaks against running the unit; `undefined` when nothing does. Never rejects. For people: no name and no literal of the text. */
  async objection(text: string, facts: UnitFacts, catalogue: Catalogue): Promise<string | undefined> {
    if (TRANSACTION_WORDS.test(text) || (this.#isMysql && CHARACTER_SET_WORDS.test(text))) return undefined;
    if (text.length > MAX_CHARACTERS) return `the statement is too long for the cross-check; send at most ${MAX_CHARACTERS} characters`;
    if (depthOf(text) > MAX_DEPTH) return `the statement is nested too deeply for the cross-check; nest at most ${MAX_DEPTH} levels`;
    const parsed = await this.#read(text);
    if (!parsed.ok)
      return parsed.failure.kind === 'syntax'
        ? 'node-sql-parser does not take the statement; write it in simpler forms'
        : 'node-sql-parser did not come to an end with the statement; simplify it';
    const [reading] = parsed.unit.statements as readonly ParserReading[];
    return reading === undefined ? 'node-sql-parser gave no answer' : disagreement(facts, reading, catalogue);
  }

  #read(text: string): Promise<ParseResult> {
    return this.#pool.parse(text, { serverVersion: 0, lexical: {} });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

function requireInstalled(build: string): void {
  try {
    createRequire(import.meta.url).resolve(`node-sql-parser/build/${build}`);
  } catch {
    throw new Error('crossCheck needs the package node-sql-parser, which is not installed; run: npm install node-sql-parser@5');
  }
}

/** The deepest nesting of brackets and CASE, whatever they stand in: a text that only looks deep is refused as well. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [word] of text.matchAll(/[([{]|[)\]}]|\bcase\b|\bend\b/gi)) {
    if (/^[([{]|^case$/i.test(word)) deepest = Math.max(deepest, ++depth);
    else depth = Math.max(0, depth - 1);
  }
  return deepest;
}
