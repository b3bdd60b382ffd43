import { eachFollows, type Explanation, withoutLeadingComments } from './explanation.js';

const CORPORA = ['pg-app', 'pg-regress'] as const;

export const POSTGRES_EXPLANATIONS: readonly Explanation[] = [
  {
    reason: 'ONLY is taken for the name of the relation, and the relation for its alias',
    oracles: ['sqlparser-ts', 'node-sql-parser'],
    differences: ['only ours', 'only theirs', 'writes'],
    corpora: CORPORA,
    when: (disagreement, entry) =>
      disagreement.difference === 'only ours' ? eachFollows(disagreement, entry, 'only') : disagreement.theirs.join() === 'only',
  },
  {
    reason: 'TABLE x, which is SELECT * FROM x, is taken for an expression with an alias',
    oracles: ['polyglot'],
    differences: ['kind'],
    corpora: CORPORA,
    when: ({ ours, theirs }, { sql }) =>
      ours.join() === 'select' && theirs.join() === 'other' && /^table\b/i.test(withoutLeadingComments(sql)),
  },
  {
    reason: 'its list gives the relations of FROM in an UPDATE the role of the one that is written',
    oracles: ['node-sql-parser'],
    differences: ['writes'],
    corpora: CORPORA,
    when: ({ ours, theirs }, { sql }) => /\bupdate\b[\s\S]*\bfrom\b/i.test(sql) && ours.every((name) => theirs.includes(name)),
  },
  {
    reason: 'its list leaves out relations of joins in parentheses',
    oracles: ['node-sql-parser'],
    differences: ['only ours'],
    corpora: CORPORA,
    when: (_, { sql }) =>
      /\(\s*(?:--[^\n]*\s*)?[\w".]+(?:\s+(?:as\s+)?\w+)?(?:\s*\([^()]*\))?\s+(?:(?:left|right|full|inner|cross|natural)\s+)*(?:outer\s+)?join\b/i.test(
        sql,
      ),
  },
  {
    reason: 'names after FOR UPDATE OF are those of FROM items, not relations',
    oracles: ['polyglot'],
    differences: ['only theirs'],
    corpora: CORPORA,
    when: ({ theirs }, { sql }) => theirs.every((name) => new RegExp(`\\bfor\\s[\\s\\w]*\\bof\\b[^;]*${name}`, 'i').test(sql)),
  },
  {
    reason: 'INTO inside a subquery, which the server refuses after its grammar has taken it; we say what it would make',
    oracles: ['polyglot', 'node-sql-parser'],
    differences: ['kind'],
    corpora: ['pg-regress'],
    when: (_, { id }) => id === 'select_into.sql:00052',
  },
  {
    reason: 'a common table before VALUES is not taken for one',
    oracles: ['polyglot'],
    differences: ['only theirs'],
    corpora: CORPORA,
    when: ({ theirs }, { sql }) => theirs.every((name) => new RegExp(`\\bwith\\s+${name}\\b`, 'i').test(sql)),
  },
];
