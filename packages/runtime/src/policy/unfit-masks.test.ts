import { describe, expect, it } from '@jest/globals';
import {
  type CatalogueRelation,
  type CellFamily,
  type CellType,
  compilePolicy,
  type CompileTools,
  joinName,
  protectionFor,
} from '@sqlwarden/core';
import { nodeHash } from '../node-hash.js';
import { compilePattern } from './compile-pattern.js';
import { unfitMasks } from './unfit-masks.js';

const tools: CompileTools = { hash: nodeHash, maskKey: new Uint8Array(32), compilePattern };

const people: CatalogueRelation = {
  id: 1,
  schema: 'public',
  name: 'people',
  kind: 'table',
  columns: [
    { name: 'email', number: 1, type: 'text', typeId: 25, notNull: false },
    { name: 'age', number: 2, type: 'integer', typeId: 23, notNull: false },
    { name: 'code', number: 3, type: 'character varying(10)', typeId: 1043, typeModifier: 14, notNull: false },
    { name: 'odd', number: 4, type: 'crm.unknown', typeId: 99_999, notNull: false },
    { name: 'tags', number: 5, type: 'text[]', typeId: 1009, notNull: false },
    { name: 'born', number: 6, type: 'date', typeId: 1082, notNull: false },
    { name: 'doc', number: 7, type: 'jsonb', typeId: 3802, notNull: false },
  ],
  parents: [],
  hasTriggers: false,
};
/** Types as an adapter has them: of what a text of theirs is only asked whether there is one. */
function type(family: CellFamily, more: Partial<CellType> = {}): CellType {
  return { family, zero: () => new Uint8Array(0), toText: () => '', fromText: () => new Uint8Array(0), ...more };
}
const text = type('text');
const TYPES: Readonly<Record<number, CellType>> = {
  25: text,
  23: type('integer'),
  1009: type('other', { structure: { parts: 'independent', types: [text], rewrite: () => undefined } }),
  1082: type('date'),
  3802: type('json'),
};
const dialect = {
  cellType: ({ typeId, typeModifier }: { readonly typeId: number; readonly typeModifier: number }): CellType =>
    typeId === 1043 ? type('text', { maxLength: typeModifier - 4 }) : (TYPES[typeId] ?? type('other', { zero: () => null })),
};

const catalogue = {
  version: 1,
  serverVersion: 180_000,
  database: 'crm',
  relations: new Map([[joinName('public', 'people'), people]]),
  relationsById: new Map([[1, people]]),
  routines: new Map(),
  schemas: new Set(['public']),
};

function reasons(columns: string, mask: NonNullable<Parameters<typeof compilePolicy>[0][number]['mask']>[number]['with']): string[] {
  const policy = compilePolicy([{ file: 'p', version: 1, classify: [{ label: 'l', columns }], mask: [{ label: 'l', with: mask }] }], tools);
  const protection = protectionFor(policy, 'crm', catalogue, () => undefined);
  return unfitMasks({ policy, protection, resolved: { catalogue }, dialect, tools }).map(({ rule, reason }) => `${rule}: ${reason}`);
}

describe('unfitMasks', () => {
  it.each<[string, Parameters<typeof reasons>[1], readonly string[]]>([
    ['crm.public.people.email', 'email', []],
    ['crm.public.people.tags', 'email', []],
    ['crm.public.people.doc#/mail', 'email', []],
    ['crm.public.people.born', { date_trunc: { unit: 'year' } }, []],
    [
      'crm.public.people.age',
      'email',
      [`mask of l (email): public.people.age is integer, which shows the type's default instead: "email" is for text columns only`],
    ],
    [
      'crm.public.people.code',
      'token',
      [
        `mask of l (token): public.people.code is character varying(10), which shows the type's default instead: a token has 26 characters and the column holds 10`,
      ],
    ],
    [
      'crm.public.people.odd',
      'hash',
      [`mask of l (hash): public.people.odd is crm.unknown, which shows NULL instead: "hash" has no form that is a valid other`],
    ],
    [
      'crm.public.people.born#/a',
      'email',
      [`mask of l (email): public.people.born is date, which shows the type's default instead: paths are for JSON documents only`],
    ],
  ])('%s with %j', (columns, mask, want) => {
    expect(reasons(columns, mask)).toEqual(want);
  });
});
