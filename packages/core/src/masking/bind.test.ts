import { describe, expect, it } from '@jest/globals';
import { bindPlan, type MaskTools } from './bind.js';
import { type CellType, type MaskPlan, originKey, type OutputMask, type ResultColumn } from './mask.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const textType: CellType = {
  family: 'text',
  zero: () => encode(''),
  toText: (cell) => new TextDecoder().decode(cell),
  fromText: encode,
};

const refuse = (): never => {
  throw new Error('not used here');
};

const tools: MaskTools = {
  cellType: () => textType,
  hash: { sha256: refuse, hmacSha256: refuse, pbkdf2Sha256: refuse },
  maskKey: new Uint8Array(32),
  compilePattern: refuse,
};

const column = (relationId = 0, columnNumber = 0): ResultColumn => ({
  name: 'c',
  relationId,
  columnNumber,
  typeId: 25,
  typeModifier: -1,
  format: 'text',
});

const email: OutputMask = { label: 'pii.email', function: { kind: 'email' }, sources: ['public.people.email'] };
const ssn: OutputMask = { label: 'pii.ssn', function: { kind: 'last4' }, sources: ['public.people.ssn'] };
const blocked: OutputMask = { label: 'secret', function: { kind: 'block' }, sources: ['public.people.key'] };

const byOrigin = new Map([
  [originKey(16_384, 2), email],
  [originKey(16_384, 3), ssn],
  [originKey(16_384, 4), blocked],
]);

const plan = (...outputs: MaskPlan['outputs']): MaskPlan => ({ outputs, byOrigin });

/** What each cell of the row becomes. */
function apply(bound: ReturnType<typeof bindPlan>, ...row: string[]): (string | null)[] {
  if (bound.kind !== 'bound') throw new Error(bound.reason);
  return bound.cells.map((mask, at) => {
    const cell = mask === null ? encode(row[at] ?? '') : mask(encode(row[at] ?? ''));
    return cell === null ? null : new TextDecoder().decode(cell);
  });
}

describe('bindPlan', () => {
  it('masks by position and leaves the rest', () => {
    const bound = bindPlan(plan(null, email), [column(16_384, 1), column(16_384, 2)], tools);
    expect(bound).toMatchObject({ kind: 'bound', masked: true, disagreements: [] });
    expect(apply(bound, 'Ann', 'ann@example.com')).toEqual(['Ann', 'a****@****.com']);
  });

  it('says that nothing is masked when nothing is', () => {
    const bound = bindPlan(plan(null, null), [column(16_384, 1), column()], tools);
    expect(bound).toEqual({ kind: 'bound', cells: [null, null], masked: false, disagreements: [] });
  });

  it('refuses another number of columns than was planned', () => {
    expect(bindPlan(plan(null), [column(), column()], tools).kind).toBe('unbindable');
    expect(bindPlan(plan(null, null), [column()], tools).kind).toBe('unbindable');
    expect(bindPlan(plan(), [], tools)).toMatchObject({ kind: 'bound', masked: false });
  });

  it('masks a protected origin that the analysis did not expect, and reports it', () => {
    const bound = bindPlan(plan(null, null), [column(16_384, 3), column(16_384, 1)], tools);
    expect(bound).toMatchObject({
      masked: true,
      disagreements: [{ position: 0, label: 'pii.ssn', sources: ['public.people.ssn'] }],
    });
    expect(apply(bound, '078-05-1120', 'x')).toEqual(['*******1120', 'x']);
  });

  it('hides both where plan and origin protect different columns', () => {
    const bound = bindPlan(plan(email), [column(16_384, 3)], tools);
    expect(bound).toMatchObject({ disagreements: [{ position: 0, label: 'pii.ssn' }] });
    expect(apply(bound, '078-05-1120')).toEqual(['']);
  });

  it('keeps to the plan where it covers the origin', () => {
    const union: OutputMask = { label: 'pii', function: { kind: 'redact', text: 'hidden' }, sources: [...email.sources, ...ssn.sources] };
    const bound = bindPlan(plan(union), [column(16_384, 3)], tools);
    expect(bound).toMatchObject({ disagreements: [] });
    expect(apply(bound, '078-05-1120')).toEqual(['hidden']);
  });

  it('does not bind a column that is blocked, by plan or by origin', () => {
    expect(bindPlan(plan(blocked), [column()], tools).kind).toBe('unbindable');
    expect(bindPlan(plan(null), [column(16_384, 4)], tools).kind).toBe('unbindable');
    expect(bindPlan(plan(email), [column(16_384, 4)], tools).kind).toBe('unbindable');
    expect(bindPlan(plan(blocked), [column(16_384, 2)], tools).kind).toBe('unbindable');
  });

  it('does not bind a protected column that can carry neither a default nor NULL', () => {
    const bare: MaskTools = { ...tools, cellType: () => ({ ...textType, family: 'other', zero: () => null }) };
    expect(bindPlan(plan(email), [{ ...column(), notNull: true }], bare).kind).toBe('unbindable');
    expect(apply(bindPlan(plan(email), [column()], bare), 'x')).toEqual([null]);
  });
});
