import { describe, expect, it } from '@jest/globals';
import type { OpaqueReason, StatementFacts, TemporaryFacts, UnitFacts, VariableFacts } from '@sqlwarden/core';
import { SessionObjects } from './session-objects.js';

const facts = (more: Partial<StatementFacts> = {}): StatementFacts => ({ action: 'select', opaque: [], ...more }) as StatementFacts;
const unit = (statements: readonly StatementFacts[], more: Partial<UnitFacts> = {}): UnitFacts => ({ statements, ...more });
const variable = (name: string, ...columns: readonly string[]): VariableFacts => ({
  name,
  origins: columns.map((column) => ({ column, how: 'same' as const })),
  opaque: false,
});
const sets = (...assigns: readonly VariableFacts[]): StatementFacts => facts({ action: 'set', assigns });
const table = (name: string, ...columns: readonly string[]): TemporaryFacts => ({
  name,
  columns: columns.map((column) => ({ name: 'c', origins: [{ column, how: 'same' as const }], opaque: false })),
});
const DYNAMIC: OpaqueReason = { kind: 'dynamic-sql', detail: 'text' };

function runs(objects: SessionObjects, what: UnitFacts, succeeded = true): void {
  objects.beforeUnit(what);
  objects.afterUnit(what, succeeded);
}

const originsOf = (objects: SessionObjects, name: string): readonly string[] | undefined =>
  objects.context.variables?.get(name)?.origins.map(({ column }) => column);

describe('SessionObjects', () => {
  it('says nothing where the dialect carries nothing', () => {
    const objects = new SessionObjects(false);
    runs(objects, unit([sets(variable('x', 'p.ssn'))], { temporary: [table('crm.t', 'p.ssn')] }));
    expect(objects.context).toEqual({});
    expect(objects.key).toBe('');
  });

  it('knows of a new session that nothing is in it', () => {
    expect(new SessionObjects(true).context).toEqual({ variables: new Map(), temporary: [] });
  });

  it('has the last value of a variable, and none that holds nothing of rows', () => {
    const objects = new SessionObjects(true);
    runs(objects, unit([sets(variable('x', 'p.name')), sets(variable('x', 'p.ssn'), variable('y'))]));
    expect(originsOf(objects, 'x')).toEqual(['p.ssn']);
    expect(originsOf(objects, 'y')).toBeUndefined();
    expect(objects.key).not.toBe('');
    runs(objects, unit([sets(variable('x'))]));
    expect(objects.key).toBe('');
  });

  it('holds whatever any statement may have left while a unit runs, and when it fails', () => {
    const objects = new SessionObjects(true);
    runs(objects, unit([sets(variable('x', 'p.name'))]));
    const two = unit([sets(variable('x', 'p.ssn')), sets(variable('x'))]);
    objects.beforeUnit(two);
    expect(originsOf(objects, 'x')).toEqual(['p.name', 'p.ssn']);
    objects.afterUnit(two, false);
    expect(originsOf(objects, 'x')).toEqual(['p.name', 'p.ssn']);
  });

  it('brings back what a rollback may, where the server does', () => {
    const origins = (objects: SessionObjects): readonly unknown[] => objects.context.temporary?.map(({ columns }) => columns) ?? [];
    for (const [areTakenBack, end] of [
      [true, 'transaction'],
      [true, 'savepoint'],
      [false, 'transaction'],
    ] as const) {
      const objects = new SessionObjects(true, areTakenBack);
      runs(objects, unit([facts({ action: 'create' })], { temporary: [table('t', 'p.ssn')] }));
      objects.transactionEnded(true);
      runs(objects, unit([facts({ action: 'drop' })], { temporary: [] }));
      runs(objects, unit([facts({ action: 'create' })], { temporary: [table('t', 'p.id')] }));
      if (end === 'savepoint') runs(objects, unit([facts({ action: 'rollback' })]));
      else objects.transactionEnded(false);
      expect(JSON.stringify(origins(objects)).includes('p.ssn')).toBe(areTakenBack);
      expect(JSON.stringify(origins(objects))).toContain('p.id');
    }
  });

  it('forgets what was dropped when the transaction is committed', () => {
    const objects = new SessionObjects(true, true);
    runs(objects, unit([facts({ action: 'create' })], { temporary: [table('t', 'p.ssn')] }));
    runs(objects, unit([facts({ action: 'drop' })], { temporary: [] }));
    objects.transactionEnded(true);
    objects.transactionEnded(false);
    expect(objects.context.temporary).toEqual([]);
  });

  it('holds what any branch may have left', () => {
    const objects = new SessionObjects(true);
    runs(objects, unit([sets(variable('x', 'p.name'))]));
    runs(objects, unit([sets(variable('x', 'p.ssn'))], { branching: true }));
    expect(originsOf(objects, 'x')).toEqual(['p.name', 'p.ssn']);
  });

  it('knows nothing of variables any more when something unseen has run, until the session is set back', () => {
    const objects = new SessionObjects(true);
    runs(objects, unit([facts({ action: 'execute', opaque: [DYNAMIC] })]));
    expect(objects.context.variables).toBeUndefined();
    runs(objects, unit([sets(variable('x'))]));
    expect(objects.context.variables).toBeUndefined();
    expect(objects.key).not.toBe('');
    objects.reset();
    expect(objects.context.variables).toEqual(new Map());
    expect(objects.key).toBe('');
  });

  it('is not certain of what a statement leaves that was not seen through', () => {
    const objects = new SessionObjects(true);
    runs(objects, unit([facts({ opaque: [{ kind: 'schema-changed', detail: 'crm.p' }], assigns: [variable('x')] })]));
    expect(objects.context.variables?.get('x')?.opaque).toBe(true);
  });

  it('has the temporary relations that the last unit left', () => {
    const objects = new SessionObjects(true);
    runs(objects, unit([facts({ action: 'create' })], { temporary: [table('crm.t', 'p.ssn')] }));
    expect(objects.context.temporary).toEqual([table('crm.t', 'p.ssn')]);
    runs(objects, unit([facts()]));
    expect(objects.context.temporary).toHaveLength(1);
    runs(objects, unit([facts({ action: 'drop' })], { temporary: [] }));
    expect(objects.context.temporary).toEqual([]);
    expect(objects.key).toBe('');
  });

  it('takes each relation for what it was or became where a unit has failed, and a single CREATE that failed for nothing', () => {
    const objects = new SessionObjects(true);
    runs(objects, unit([facts({ action: 'create' })], { temporary: [table('crm.t', 'p.name')] }));
    runs(objects, unit([facts({ action: 'create' })], { temporary: [table('crm.t', 'p.name'), table('crm.u', 'p.ssn')] }), false);
    expect(objects.context.temporary).toEqual([table('crm.t', 'p.name')]);
    runs(objects, unit([facts({ action: 'insert' }), facts()], { temporary: [table('crm.t', 'p.ssn')] }), false);
    expect(objects.context.temporary?.[0]).toMatchObject({
      name: 'crm.t',
      columns: [{ name: 'c', origins: [{ column: 'p.name' }, { column: 'p.ssn' }] }],
    });
    runs(objects, unit([facts({ action: 'drop' }), facts()], { temporary: [] }), false);
    expect(objects.context.temporary).toMatchObject([{ name: 'crm.t', maybe: true }]);
  });
});
