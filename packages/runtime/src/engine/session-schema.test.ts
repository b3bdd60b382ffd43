import { describe, expect, it } from '@jest/globals';
import type { InjectResult, Unit, WireSession } from '@sqlwarden/core';
import type { Engine } from './engine.js';
import { SessionSchema } from './session-schema.js';
import type { Upstream } from './upstream.js';

const OK: InjectResult = { kind: 'rows', rows: [] };

/** A schema whose transaction has changed it, on a connection where every statement of the gateway's waits for its answer. */
function changed() {
  const asked: { readonly sql: string; readonly answer: (result: InjectResult) => void }[] = [];
  const session = { inject: (sql: string, answer: (result: InjectResult) => void) => void asked.push({ sql, answer }) };
  const upstream = {
    fresh: () => Promise.resolve({ epoch: 1, resolved: { catalogue: { version: 1 } } }),
    readOwnCatalogue: async (
      query: (sql: string) => Promise<unknown>,
      _isLike: unknown,
      _committed: unknown,
      { isInTransaction }: { isInTransaction: boolean },
    ) => {
      await query(isInTransaction ? 'digest in a transaction' : 'digest');
      await query('relations');
      await query('routines');
      return {};
    },
    snapshotOf: () => ({ epoch: -1 }),
  };
  const schema = new SessionSchema({} as Engine, upstream as unknown as Upstream, session as unknown as WireSession);
  schema.mayHaveChanged(1, undefined);
  const unit = { state: {}, transaction: { status: 'open', ordinal: 1 } } as Unit;
  const answer = async (): Promise<void> => {
    asked.at(-1)?.answer(OK);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const start = async () => {
    const found = schema.look(unit).then(
      () => 'found',
      () => 'given up',
    );
    await new Promise((resolve) => setImmediate(resolve));
    return found;
  };
  return { schema, start, answer, asked: () => asked.map(({ sql }) => sql) };
}

describe('the schema as one session sees it', () => {
  it('is read on its own connection, where a transaction is open', async () => {
    const { start, answer, asked } = changed();
    const found = start();
    await new Promise((resolve) => setImmediate(resolve));
    for (let at = 0; at < 3; at++) await answer();
    expect(asked()).toEqual(['digest in a transaction', 'relations', 'routines']);
    expect(await found).toBe('found');
  });

  it('is not read on once the unit was given up', async () => {
    const { schema, start, answer, asked } = changed();
    const found = start();
    await new Promise((resolve) => setImmediate(resolve));
    await answer();
    // The client cancels: what it sends next may be pending by the time of the next answer.
    schema.abandoned();
    await answer();
    expect(await found).toBe('given up');
    expect(asked()).toEqual(['digest in a transaction', 'relations']);
  });

  it('is not read from what lacked something that was locked', async () => {
    let epoch = 0;
    const committed = () => ({ epoch, resolved: { catalogue: { version: epoch } } });
    const froms: unknown[] = [];
    const upstream = {
      fresh: () => Promise.resolve(committed()),
      readOwnCatalogue: (_query: unknown, from: { readonly isIncomplete?: boolean }) => {
        froms.push(from.isIncomplete ?? false);
        return Promise.resolve({ isIncomplete: epoch === 1 });
      },
      snapshotOf: (resolved: unknown) => ({ epoch: -1, resolved }),
    };
    const schema = new SessionSchema({} as Engine, upstream as unknown as Upstream, {} as WireSession);
    const unit = { state: { hasOwnRelations: true }, transaction: { status: 'idle', ordinal: 1 } } as unknown as Unit;
    for (epoch = 1; epoch <= 2; epoch++) await schema.look(unit);
    expect(froms).toEqual([false, false]);
    expect((await schema.look(unit)).resolved.isIncomplete).toBe(false);
  });

  it('is the committed one, looked at anew, where every change is seen by others at once', async () => {
    const suspected: unknown[] = [];
    const engine = { schemaSuspect: (_: unknown, intent: unknown) => suspected.push(intent) };
    const committed = { epoch: 1, resolved: { catalogue: { version: 1 } } };
    const upstream = { isSchemaShared: true, fresh: () => Promise.resolve(committed) };
    const schema = new SessionSchema(engine as unknown as Engine, upstream as unknown as Upstream, {} as WireSession);
    schema.mayHaveChanged(1, 7);
    expect(suspected).toEqual([7]);
    expect(schema.isChangedInTransaction).toBe(false);
    expect(await schema.look({ state: {}, transaction: { status: 'open', ordinal: 1 } } as Unit)).toBe(committed);
  });
});
