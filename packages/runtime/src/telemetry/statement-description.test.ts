import { expect, it } from '@jest/globals';
import type { Dialect, StatementFacts } from '@sqlwarden/core';
import type { Decision } from '../engine/decision.js';
import { describeStatement } from './statement-description.js';

const DIALECT = { name: 'postgres', shape: (text: string) => text } as Dialect;

/** What is told of a text that was understood as that, whatever policy says of it. */
function told(text: string, facts: Partial<StatementFacts>, effect: 'allow' | 'deny' = 'allow'): string {
  const statement = { action: 'set', class: 'read', reads: [], writes: [], opaque: [], ...facts };
  const verdict = { effect, rules: [], labels: [], masks: [] };
  const decision = { fingerprint: '', facts: { statements: [statement] }, verdict } as unknown as Decision;
  return JSON.stringify(describeStatement(decision, DIALECT, text, 'crm'));
}

it.each([
  ['set app.key = canary', { action: 'set', class: 'session' }],
  ['alter database crm set app.key = canary', { action: 'alter', class: 'administrative' }],
  ['alter function f() set app.key = canary', { action: 'alter', class: 'schema' }],
  ['grant app to canary', { action: 'grant', class: 'privilege' }],
  ['select "canary"(1)', { action: 'select', opaque: [{ kind: 'unknown-routine', detail: 'canary' }] }],
  ['delete from t where a = "canary"', { action: 'delete', class: 'write', opaque: [{ kind: 'unknown-column', detail: 'canary' }] }],
  ['delete from "canary"', { action: 'delete', writes: ['canary'], opaque: [{ kind: 'unknown-relation', detail: 'canary' }] }],
] as const satisfies readonly (readonly [string, Partial<StatementFacts>])[])(
  'a bare word that may be a value is not told: %s',
  (text, facts) => {
    expect(told(text, facts)).not.toContain('canary');
    expect(told(text, facts, 'deny')).not.toContain('canary');
  },
);

it('the text of a read and of a write is told', () => {
  expect(told('select a from t', { action: 'select', reads: ['public.t'] })).toContain('select a from t');
  expect(told('update t set a = b', { action: 'update', class: 'write', writes: ['public.t'] })).toContain('update t set a = b');
});
