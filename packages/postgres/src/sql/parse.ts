import type { ParseContext, ParseFailure, ParseResult, ParseText, Statement } from '@sqlwarden/core';
import { GRAMMAR_MAJORS, Grammar, isGrammarMajor, type GrammarMajor, type GrammarResult } from './grammar.js';
import { checkText, DEFAULT_LIMITS, type ParseLimits } from './limits.js';
import { type Bodies, normaliseStatement } from './normalise.js';
import { PlpgsqlGrammar } from './plpgsql-grammar.js';
import { TextOffsets } from './text-offsets.js';
import type { RawStatement, Shape } from './tree.js';

/**
 * Makes a parser of PostgreSQL texts: the grammar of the server's major, loaded when it is first asked for, and the normaliser behind it.
 * The statements of an answer are {@link Statement}s of core.
 *
 * Failures: `limit` before the grammar saw the text (see {@link ParseLimits}; an unknown major is one too), `syntax` where the server
 * would refuse the text as well, `internal` when the grammar or the normaliser gave up: the instance is then thrown away.
 */
export function createParser(limits: ParseLimits = DEFAULT_LIMITS): ParseText {
  const loaded = new Map<GrammarMajor, Promise<Grammar>>();
  let procedures: Promise<PlpgsqlGrammar> | undefined;
  return async (text, context) => {
    const refused = checkText(text, context.lexical, limits);
    if (refused !== undefined) return { ok: false, failure: refused };
    const major = majorOf(context);
    if (!isGrammarMajor(major)) return { ok: false, failure: unknownMajor(major) };
    let grammar = loaded.get(major);
    if (grammar === undefined) {
      grammar = Grammar.load(major);
      loaded.set(major, grammar);
    }
    if (HAS_PROCEDURES.test(text)) procedures ??= PlpgsqlGrammar.load();
    try {
      return parseWith(await grammar, await procedures, text);
    } catch (error) {
      if (loaded.get(major) === grammar) loaded.delete(major);
      procedures = undefined;
      return { ok: false, failure: { kind: 'internal', message: internalMessage(error) } };
    }
  };
}

/** Whoever defines PL/pgSQL says its name, or DO. */
const HAS_PROCEDURES = /plpgsql|\bdo\b/i;

function majorOf(context: ParseContext): number {
  return Math.floor(context.serverVersion / 10_000);
}

function unknownMajor(major: number): ParseFailure {
  return { kind: 'limit', message: `no grammar of PostgreSQL ${major}; supported are ${GRAMMAR_MAJORS.join(', ')}` };
}

/** Our own words, or the kind of the error: the runtime's may quote the text. */
function internalMessage(error: unknown): string {
  if (error instanceof RangeError) return 'the statement is nested too deep';
  if (error instanceof Error && error.message.startsWith('the grammar ')) return error.message;
  return 'the parser failed; it was thrown away';
}

function parseWith(grammar: Grammar, procedures: PlpgsqlGrammar | undefined, text: string): ParseResult {
  const result = grammar.parse(text);
  const offsets = new TextOffsets(text);
  if (!result.ok) return { ok: false, failure: syntaxFailure(result, offsets) };
  const bodies: Bodies = {
    sql: (body) => bodyShapes(grammar, body),
    plpgsql: (createFunction) => (checkBody(createFunction) ? procedures?.parse(createFunction) : undefined),
  };
  const statements = result.statements.map((raw): Statement => {
    const span = spanOf(raw, text, offsets);
    return normaliseStatement(raw.shape, { span, text: text.slice(span.start, span.end) }, bodies);
  });
  return { ok: true, unit: { statements } };
}

function syntaxFailure(result: Extract<GrammarResult, { ok: false }>, offsets: TextOffsets): ParseFailure {
  return { kind: 'syntax', message: result.message, position: offsets.fromCharacter(result.position) };
}

/** Where a statement stands, without the blanks around it (the grammar counts those before it in). */
function spanOf(raw: RawStatement, text: string, offsets: TextOffsets): Statement['span'] {
  let start = offsets.fromByte(raw.location);
  const end = raw.length === 0 ? text.length : offsets.fromByte(raw.location + raw.length);
  while (start < end && ' \t\n\r\f\v'.includes(text.charAt(start))) start += 1;
  return { start, end };
}

/** A body is checked by the same rules as a text: it is one. */
function bodyShapes(grammar: Grammar, body: string): readonly Shape[] | undefined {
  if (!checkBody(body)) return undefined;
  const result = grammar.parse(body);
  return result.ok ? result.statements.map((statement) => statement.shape) : undefined;
}

function checkBody(body: string): boolean {
  return checkText(body, { standard_conforming_strings: 'on' }, DEFAULT_LIMITS) === undefined;
}
