import { describe, expect, it } from '@jest/globals';
import type { CatalogueRelation, Reference } from '../catalog/catalogue.js';
import { withReferences } from '../catalog/references.js';
import { analyse } from './analyse.js';
import type { StatementFacts } from './facts.js';
import type { RoutineFacts, StoredBody } from './knowledge.js';
import type { Expression, ForeignKey, ReferentialAction, Span } from './model.js';
import type { Delete, Merge, Update } from './modification.js';
import type { AlterAction, CreateTable, Statement } from './statement.js';

/** What foreign keys write when rows that they refer to are written: people ← pets ← visits. */

const span: Span = { start: 0, end: 1 };

function table(name: string, ...columns: readonly string[]): CatalogueRelation {
  const typed = columns.map((column, at) => ({ name: column, number: at + 1, type: 'text', typeId: 25, notNull: false }));
  return { id: name.length, schema: 'public', name, kind: 'table', columns: typed, parents: [], hasTriggers: false };
}

const TABLES = [table('people', 'id', 'ssn'), table('pets', 'id', 'owner', 'name'), table('visits', 'pet'), table('log', 'what')];
const PURE: RoutineFacts = { name: 'sys.f', category: 'pure', total: 'all' };

interface Key {
  readonly of?: string;
  readonly to?: string;
  readonly onDelete?: ReferentialAction;
  readonly onUpdate?: ReferentialAction;
  readonly referenced?: readonly string[];
}

const reference = ({ of = 'pets.owner', onDelete = 'restrict', onUpdate = 'restrict', referenced = ['id'] }: Key): Reference => {
  const [relation = '', column = ''] = of.split('.');
  return { relation: `public.${relation}`, columns: [column], referenced, onDelete, onUpdate };
};

function run(statements: readonly Statement[], keys: readonly Key[] = [], triggers?: ReadonlyMap<string, readonly StoredBody[]>) {
  const relations = withReferences(
    new Map(TABLES.map((relation) => [`public.${relation.name}`, relation])),
    keys.map((key) => ({ to: `public.${key.to ?? 'people'}`, reference: reference(key) })),
  );
  return analyse(statements, {
    catalogue: {
      version: 1,
      serverVersion: 1,
      database: 'db',
      relations,
      relationsById: new Map(),
      routines: new Map(),
      schemas: new Set(['public', 'sys']),
    },
    views: new Map(),
    state: { id: 1, database: 'db', role: 'app', searchPath: ['public'], lexical: {} },
    stateChangedInTransaction: false,
    schemaChangedInTransaction: false,
    routines: { routine: () => PURE, operator: () => PURE, cast: () => PURE },
    rules: {
      systemColumns: new Set(),
      sensitiveColumn: () => undefined,
      isSystemSchema: (schema) => schema === 'sys',
      isTemporarySchema: () => false,
      harmlessSettings: new Set(),
      privilegeSettings: new Set(),
      rowsAsValues: false,
      explainColumn: 'plan',
    },
    ...(triggers === undefined ? {} : { triggers }),
  }).statements;
}

const last = (...given: Parameters<typeof run>): StatementFacts | undefined => run(...given).at(-1);
const column = (name: string): Expression => ({ kind: 'column', qualifier: [], name });
const literal: Expression = { kind: 'literal', type: 'string', value: 'x' };
const where: Expression = { kind: 'comparison', test: 'equal', operator: { symbol: '=' }, left: column('id'), right: literal };
const deletePeople: Delete = { kind: 'delete', span, target: { name: ['people'], only: false }, using: [], where };
const set = (target: string, value: Expression): Update => ({
  kind: 'update',
  span,
  target: { name: ['people'], only: false },
  set: [{ targets: [{ column: target, path: [] }], value }],
  from: [],
  where,
});
const foreignKey = (more: Partial<ForeignKey> = {}): ForeignKey => ({
  columns: ['a'],
  relation: ['people'],
  referenced: ['id'],
  onDelete: 'restrict',
  onUpdate: 'restrict',
  ...more,
});
const create = (key: ForeignKey): CreateTable => ({
  kind: 'create-table',
  span,
  name: ['t'],
  objectKind: 'table',
  columns: [{ name: 'a', type: { name: ['text'], array: false }, foreignKeys: [key] }],
  columnsOf: [],
  expressions: [],
  references: [],
  ifNotExists: false,
  temporary: false,
});
const alter = (name: string, ...actions: AlterAction[]): Statement => ({
  kind: 'alter-relation',
  span,
  objectKind: 'table',
  name: [name],
  actions,
  ifExists: false,
});
const targets = (facts: StatementFacts | undefined): unknown =>
  facts?.columns.filter(({ use }) => use === 'write-target').map((each) => each.column);

describe('rows that refer to others', () => {
  it('are deleted with them', () => {
    const facts = last([deletePeople], [{ onDelete: 'cascade' }]);
    expect(facts).toMatchObject({
      action: 'delete',
      writes: ['public.people', 'public.pets'],
      reads: ['public.people'],
      filter: 'present',
    });
    expect(targets(facts)).toEqual([]);
  });

  it('stay where the statement fails instead', () => {
    expect(last([deletePeople], [{}])?.writes).toEqual(['public.people']);
    expect(last([deletePeople], [{ onUpdate: 'cascade' }])?.writes).toEqual(['public.people']);
  });

  it.each(['set-null', 'set-default'] as const)('are changed by %s', (onDelete) => {
    const facts = last([deletePeople], [{ onDelete }]);
    expect(facts).toMatchObject({ alsoActions: ['update'], firedActions: ['update'], writes: ['public.people', 'public.pets'], flows: [] });
    expect(targets(facts)).toEqual(['public.pets.owner']);
  });

  it('set off their triggers, and are referred to themselves', () => {
    const statements: readonly Statement[] = [
      {
        kind: 'insert',
        span,
        target: { name: ['log'], only: false },
        source: { kind: 'query', query: { kind: 'query', body: { kind: 'values', rows: [[literal]] }, orderBy: [], locks: [] } },
      },
    ];
    const trigger: StoredBody = { parameters: [], statements, returns: 'nothing', searchPath: ['public'], events: ['delete'] };
    const keys: readonly Key[] = [{ onDelete: 'cascade' }, { of: 'visits.pet', to: 'pets', onDelete: 'set-null' }];
    const facts = last([deletePeople], keys, new Map([['public.pets', [trigger]]]));
    expect(facts?.writes).toEqual(['public.log', 'public.people', 'public.pets', 'public.visits']);
    expect(targets(facts)).toContain('public.visits.pet');
  });

  it('may refer to one another in a ring', () => {
    const keys: readonly Key[] = [{ onDelete: 'cascade' }, { of: 'people.ssn', to: 'pets', onDelete: 'cascade' }];
    expect(last([deletePeople], keys)?.writes).toEqual(['public.people', 'public.pets']);
  });

  it('get the new key', () => {
    const facts = last([set('id', column('ssn'))], [{ onUpdate: 'cascade' }]);
    expect(targets(facts)).toEqual(['public.people.id', 'public.pets.owner']);
    expect(facts?.flows).toContainEqual({ from: ['public.people.ssn'], to: { kind: 'column', column: 'public.pets.owner' } });
  });

  it('are left alone where no key changes', () => {
    expect(last([set('ssn', literal)], [{ onUpdate: 'cascade', onDelete: 'cascade' }])?.writes).toEqual(['public.people']);
  });

  it('may refer to any column where it is not known which', () => {
    expect(last([set('ssn', literal)], [{ onUpdate: 'set-null', referenced: [] }])?.writes).toEqual(['public.people', 'public.pets']);
  });

  it('are deleted by a MERGE that deletes', () => {
    const merge: Merge = {
      kind: 'merge',
      span,
      target: { name: ['people'], only: false },
      source: { kind: 'relation', name: ['log'], only: false },
      on: { ...where, right: column('what') } as Expression,
      whens: [{ match: 'matched', action: { kind: 'delete' } }],
    };
    expect(last([merge], [{ onDelete: 'cascade' }])?.writes).toEqual(['public.people', 'public.pets']);
  });
});

describe('a foreign key of the unit', () => {
  it('looks for values in the columns that it refers to', () => {
    const facts = last([create(foreignKey())]);
    expect(facts?.reads).toEqual(['public.people']);
    expect(facts?.columns).toEqual([{ column: 'public.people.id', use: 'predicate-equality' }]);
  });

  it('looks nowhere when it refers to the table that is made', () => {
    expect(last([create(foreignKey({ relation: ['t'], referenced: ['a'] }))])).toMatchObject({ reads: [], columns: [], opaque: [] });
  });

  it('writes from then on', () => {
    expect(last([create(foreignKey({ onDelete: 'cascade' })), deletePeople])?.writes).toEqual(['public.people', 'public.t']);
    const added: AlterAction = {
      kind: 'other',
      what: 'foreign key',
      expressions: [],
      relations: [],
      foreignKeys: [foreignKey({ columns: ['what'], onDelete: 'set-null' })],
    };
    expect(targets(last([alter('log', added), deletePeople]))).toEqual(['public.log.what']);
  });

  it('is followed through renames of both sides', () => {
    const keys: readonly Key[] = [{ onDelete: 'cascade' }];
    const renamedParent = last(
      [alter('people', { kind: 'rename', to: 'persons' }), { ...deletePeople, target: { name: ['persons'], only: false } }],
      keys,
    );
    expect(renamedParent?.writes).toEqual(['public.persons', 'public.pets']);
    expect(last([alter('pets', { kind: 'rename', to: 'animals' }), deletePeople], keys)?.writes).toContain('public.animals');
  });
});
