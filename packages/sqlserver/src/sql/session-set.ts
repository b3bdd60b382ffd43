import type { Expression, Statement, Variable } from '@sqlwarden/core';
import { noteAssignment } from './constant-text.js';
import { isInBody } from './create-body.js';
import { parseCursorDefinition } from './cursor-statement.js';
import type { TokenCursor } from './cursor.js';
import { parseIdentifier, parseRelationName } from './names.js';
import { mutated } from './modify-assignments.js';
import { EXECUTION_SWITCHES } from './rules.js';
import { setting, settingOf } from './session-setting.js';
import { together } from './statement-sequence.js';

/** SET of variables and of options ("SET @local_variable", "SET Statements"). Names of options are lower case. */

export function parseSet(cursor: TokenCursor): Statement {
  const { start } = cursor.next();
  if (cursor.isVariable()) return setVariable(cursor, start);
  if (cursor.isWord('identity_insert')) return setIdentityInsert(cursor, start);
  if (cursor.acceptPhrase('transaction', 'isolation', 'level') || cursor.acceptPhrase('tran', 'isolation', 'level'))
    return setIsolation(cursor, start);
  if (cursor.acceptWord('statistics')) return setSwitches(cursor, start, 'statistics_', cursor.list(optionName));
  if (cursor.acceptWord('offsets')) return setSwitches(cursor, start, 'offsets_', cursor.list(optionName));
  const names = cursor.list(optionName);
  const [name] = names;
  if (cursor.isWord('on', 'off')) return setSwitches(cursor, start, '', names);
  if (name === undefined || names.length > 1) throw cursor.fail('expected ON or OFF');
  const statements = [setValue(cursor, start, name)];
  while (cursor.acceptSymbol(',')) statements.push(setValue(cursor, start, optionName(cursor)));
  return together(cursor, start, statements);
}

/** An option may be called like a reserved word: ROWCOUNT, TEXTSIZE. */
function optionName(cursor: TokenCursor): string {
  const token = cursor.peek();
  if (token.kind !== 'word') throw cursor.fail('expected the name of an option');
  return cursor.next().text;
}

/** One or several options that are ON or OFF. Those of the lexis work from here on in the text, whether the statement is reached or not. */
function setSwitches(cursor: TokenCursor, start: number, prefix: string, names: readonly string[]): Statement {
  const on = cursor.expectOneOf('on', 'off');
  const statements = names.map((name) => switched(cursor, start, prefix + name, on));
  if (!isInBody(cursor)) for (const name of names) setLexis(cursor, prefix + name, on === 'on');
  return together(cursor, start, statements);
}

/**
 * Where the state of the session is known, what keeps statements from being run as they are written is OFF, and does nothing when it is set so again;
 * where it is not known, for what came before, it stays so.
 */
function switched(cursor: TokenCursor, start: number, name: string, value: string): Statement {
  if (value !== 'off' || !EXECUTION_SWITCHES.has(name)) return setting(cursor, start, name, [value]);
  return setting(cursor, start, `${name}_off`, [value], 'reset');
}

/**
 * QUOTED_IDENTIFIER is set while the batch is parsed; in the body of a module it does nothing. ANSI_DEFAULTS sets it, too, but whether that
 * early is not documented: quotes behind it are refused where it would matter.
 */
function setLexis(cursor: TokenCursor, name: string, on: boolean): void {
  if (name === 'quoted_identifier') cursor.setQuotedIdentifier(on);
  if (name !== 'ansi_defaults' || cursor.state.quotedIdentifier === on) return;
  if (cursor.text.includes('"', cursor.spanFrom(0).end)) throw cursor.limit('set QUOTED_IDENTIFIER instead of ANSI_DEFAULTS');
  cursor.setQuotedIdentifier(on);
}

function setIdentityInsert(cursor: TokenCursor, start: number): Statement {
  cursor.next();
  const relation = parseRelationName(cursor);
  const on = cursor.expectOneOf('on', 'off');
  return setting(cursor, start, 'identity_insert', [relation.join('.'), on]);
}

function setIsolation(cursor: TokenCursor, start: number): Statement {
  const words = [optionName(cursor)];
  if (words[0] === 'read' || words[0] === 'repeatable') words.push(optionName(cursor));
  return setting(cursor, start, 'transaction_isolation_level', [words.join(' ')]);
}

/** `SET ROWCOUNT 5`, `SET LANGUAGE us_english`, `SET CONTEXT_INFO 0x01`, `SET LOCK_TIMEOUT -1`, `SET DATEFORMAT @format`. */
function setValue(cursor: TokenCursor, start: number, name: string): Statement {
  if (cursor.acceptWord('off')) return setting(cursor, start, name, ['off']);
  if (cursor.isIdentifier()) return setting(cursor, start, name, [parseIdentifier(cursor)]);
  const value = cursor.grammar.expression(cursor);
  return settingOf(cursor, start, name, value);
}

/** `@x = value`, `@x += value`, `@c = CURSOR …`, `@x.field = value`, `@x.method(…)`. */
function setVariable(cursor: TokenCursor, start: number): Statement {
  const name = cursor.next().text;
  const target: Variable = { kind: 'variable', scope: 'local', name: name.slice(1) };
  if (cursor.isSymbol('.') || cursor.isSymbol('::')) return mutate(cursor, start, target);
  const symbol = assignmentOperator(cursor);
  if (symbol === undefined && cursor.isWord('cursor')) return parseCursorDefinition(cursor, start, name);
  const right = cursor.grammar.expression(cursor);
  if (symbol === undefined) noteAssignment(cursor, target.name, right);
  const value: Expression = symbol === undefined ? right : { kind: 'operator', operator: { symbol }, operands: [target, right] };
  return { kind: 'assign', span: cursor.spanFrom(start), target, value };
}

/** The operator of a compound assignment. */
function assignmentOperator(cursor: TokenCursor): string | undefined {
  if (cursor.acceptSymbol('=')) return undefined;
  if (cursor.isSymbol('||=')) {
    cursor.expectSymbol('||=');
    return '||';
  }
  const { kind, text } = cursor.peek();
  if (kind !== 'symbol' || !'+-*/%&^|'.includes(text)) throw cursor.fail('expected =');
  cursor.next();
  cursor.expectSymbol('=');
  return text;
}

/** What a field is set to, or a method computes, goes into the variable. */
function mutate(cursor: TokenCursor, start: number, target: Variable): Statement {
  if (!cursor.acceptSymbol('::')) cursor.expectSymbol('.');
  const member = parseIdentifier(cursor);
  const operands: Expression[] = [target];
  if (cursor.acceptSymbol('(')) {
    if (!cursor.isSymbol(')')) operands.push(...cursor.list((each) => each.grammar.expression(each)));
    cursor.expectSymbol(')');
  } else {
    cursor.expectSymbol('=');
    operands.push(cursor.grammar.expression(cursor));
  }
  const value = mutated(cursor, member, operands);
  return { kind: 'assign', span: cursor.spanFrom(start), target, value };
}
