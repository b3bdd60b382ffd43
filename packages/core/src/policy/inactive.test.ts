// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { describe, expect, it } from '@jest/globals';
import type { Catalogue, CatalogueRelation } from '../catalog/catalogue.js';
import { compilePolicy } from './compile.js';
import type { PolicyDocument } from './document.js';
import { inactiveRules, unknownUpstreams } from './inactive.js';

const relation = (schema: string, name: string, columns: readonly string[]): CatalogueRelation => ({
  id: 1,
  schema,
  name,
  kind: 'table',
  columns: columns.map((column, at) => ({ name: column, number: at + 1, type: 'text', typeId: 25, notNull: false })),
  parents: [],
  hasTriggers: false,
});
const catalogue: Catalogue = {
  version: 1,
  serverVersion: 180_000,
  database: 'crm',
  relations: new Map([
    ['public.people', relation('public', 'people', ['id', 'ssn', 'email'])],
    ['sales.orders', relation('sales', 'orders', ['id'])],
  ]),
  relationsById: new Map(),
  routines: new Map([
    [
      'app.pay',
      [
        {
          id: 1,
          schema: 'app',
          name: 'pay',
          kind: 'function',
          language: 'sql',
          volatility: 'volatile',
          securityDefiner: false,
          pinnedSearchPath: false,
          returnsSet: false,
          returnType: 'int4',
          argumentTypes: [],
          origin: 'user',
        },
      ],
    ],
  ]),
  schemas: new Set(['public', 'sales']),
};
const compile = (document: Partial<PolicyDocument>) =>
  compilePolicy([{ file: 'p.yaml', version: 1, ...document }], {
    compilePattern: () => ({ test: () => false, replaceAll: (text) => text }),
  });

describe('inactiveRules', () => {
  it.each<[string, string | undefined]>([
    ['crm.public.people.ssn', undefined],
    ['crm.public.PEOPLE.SSN', undefined],
    ['crm.*.*.*mail', undefined],
    ['billing.public.people.snn', undefined],
    ['crm.public.people.snn', 'there is no such column; did you mean ssn'],
    ['crm.public.people.telephone', 'there is no such column'],
    ['crm.public.peple.ssn', 'there is no such column because there is no relation public.peple; did you mean people'],
    ['crm.pubic.people.ssn', 'there is no such column because there is no schema pubic; did you mean public'],
    ['crm.*.*.phone*', 'matches no column'],
    ['*.public.people.phone', 'matches no column'],
  ])('of a classification %s: %s', (columns, reason) => {
    const found = inactiveRules(compile({ classify: [{ label: 'a', columns }] }), 'crm', catalogue);
    expect(found).toEqual(reason === undefined ? [] : [{ upstream: 'crm', rule: `a ${columns} (p.yaml classify[0])`, reason }]);
  });

  const classify = [
    { label: 'here', columns: 'crm.public.people.ssn' },
    { label: 'elsewhere', columns: 'billing.public.people.ssn' },
  ];
  it.each<[string, NonNullable<NonNullable<PolicyDocument['rules']>[number]['match']>, string | undefined]>([
    ['relations', { relations: 'crm.public.people' }, undefined],
    ['misspelt relations', { relations: ['crm.public.people', 'crm.public.peeple'] }, 'no relation is called crm.public.peeple'],
    ['misspelt relations that are written', { relations: { write: 'crm.x.*' } }, 'no relation is called crm.x.*'],
    ['relations of another upstream', { relations: 'billing.x.y' }, undefined],
    ['labels', { labels: 'he*' }, undefined],
    ['labels of another upstream', { labels: 'elsewhere' }, 'no column has the label elsewhere'],
    ['labels, for another upstream', { labels: 'elsewhere', upstream: 'billing' }, undefined],
    ['routines', { routines: 'app.*' }, undefined],
    ['misspelt routines', { routines: 'app.play' }, 'no routine is called app.play'],
    ['another environment', { environment: 'staging' }, undefined],
  ])('of a rule for %s', (_, match, reason) => {
    const found = inactiveRules(compile({ classify, rules: [{ id: 'r', match, then: 'deny' }] }), 'crm', catalogue);
    expect(found).toEqual(reason === undefined ? [] : [{ upstream: 'crm', rule: 'r', reason }]);
  });
});

describe('unknownUpstreams', () => {
  it('finds names that fit no upstream, and what was meant', () => {
    const policy = compile({
      classify: [
        { label: 'a', columns: 'crn.public.people.ssn' },
        { label: 'a', columns: '*.public.people.ssn' },
      ],
      rules: [
        { id: 'r', match: { upstream: ['crm', 'biling'], relations: { read: 'crm.a.b', write: 'x.a.b' } }, then: 'deny' },
        { id: 's', match: { upstream: 'b*' }, then: 'deny' },
      ],
    });
    expect(unknownUpstreams(policy, ['crm', 'billing'])).toEqual([
      { rule: 'a crn.public.people.ssn (p.yaml classify[0])', reason: 'no upstream is called crn; did you mean crm' },
      { rule: 'r', reason: 'no upstream is called x' },
      { rule: 'r', reason: 'no upstream is called biling; did you mean billing' },
    ]);
  });
});
