import { type Explanation, writtenName } from './explanation.js';

const CORPORA = ['mysql-app', 'mysql-mariadb'] as const;

export const MYSQL_EXPLANATIONS: readonly Explanation[] = [
  {
    reason: 'DUAL is taken for a relation',
    oracles: ['sqlparser-ts', 'polyglot', 'node-sql-parser'],
    differences: ['only theirs'],
    corpora: CORPORA,
    when: ({ theirs }) => theirs.join() === 'dual',
  },
  {
    reason: 'IGNORE, QUICK and LOW_PRIORITY are taken for the relation that is written, and the relation for its alias',
    oracles: ['sqlparser-ts', 'polyglot', 'node-sql-parser'],
    differences: ['only ours', 'only theirs', 'writes'],
    corpora: CORPORA,
    when: ({ theirs }, { sql }) =>
      /\b(?:update|delete)\s+(?:low_priority\s+)?(?:ignore|quick|low_priority)\b/i.test(sql) &&
      theirs.every((name) => ['ignore', 'quick', 'low_priority'].includes(name)),
  },
  {
    reason: 'SELECT … INTO @variable is taken for one that makes a table',
    oracles: ['sqlparser-ts', 'polyglot'],
    differences: ['kind'],
    corpora: CORPORA,
    when: ({ ours }, { sql }) => ours.join() === 'select' && /\binto\s+@/i.test(sql),
  },
  {
    reason: 'a sequence is a relation that NEXTVAL, SETVAL and NEXT VALUE FOR read',
    oracles: ['sqlparser-ts', 'polyglot', 'node-sql-parser'],
    differences: ['only ours'],
    corpora: CORPORA,
    when: ({ ours }, { sql }) =>
      ours.every((name) =>
        new RegExp(`(?:\\b(?:nextval|lastval|setval)\\s*\\(|\\b(?:next|previous)\\s+value\\s+for)\\s*${writtenName(name)}`, 'i').test(sql),
      ),
  },
  {
    reason: 'a versioned comment is taken for a comment, but the server runs it',
    oracles: ['polyglot', 'node-sql-parser'],
    differences: ['count'],
    corpora: CORPORA,
    when: ({ theirs }, { sql }) => theirs.length === 0 && /\/\*M?!/.test(sql),
  },
  {
    reason: 'of an UPDATE of several relations only the first is told',
    oracles: ['polyglot'],
    differences: ['writes'],
    corpora: CORPORA,
    when: ({ ours, theirs }, { sql }) => /\bupdate\b/i.test(sql) && theirs.length === 1 && theirs.every((name) => ours.includes(name)),
  },
  {
    reason: 'WITH before a query in parentheses is lost',
    oracles: ['polyglot'],
    differences: ['only ours', 'only theirs'],
    corpora: CORPORA,
    when: (_, { sql }) => /\bwith\s+\w+\s+as\s*\([^()]*\)\s*\(\s*select\b/i.test(sql),
  },
  {
    reason: 'the relations of USING in a DELETE with modifiers are lost',
    oracles: ['polyglot'],
    differences: ['only ours'],
    corpora: CORPORA,
    when: (_, { sql }) => /\bdelete\s+(?:ignore|quick|low_priority)\b[\s\S]*\busing\b/i.test(sql),
  },
  {
    reason: 'its list takes TRUNCATE for a read',
    oracles: ['node-sql-parser'],
    differences: ['writes'],
    corpora: CORPORA,
    when: ({ theirs }, { sql }) => /\btruncate\b/i.test(sql) && theirs.length === 0,
  },
  {
    reason: 'a doubled backquote in a name stays doubled',
    oracles: ['node-sql-parser'],
    differences: ['only ours', 'only theirs', 'writes'],
    corpora: CORPORA,
    when: (_, { sql }) => sql.includes('``'),
  },
  {
    reason: 'its list leaves out relations of joins in parentheses',
    oracles: ['node-sql-parser'],
    differences: ['only ours'],
    corpora: CORPORA,
    when: (_, { sql }) => /\(\s*[\w`.]+(?:\s+(?:as\s+)?\w+)?\s*(?:,|\s(?:\w+\s+){0,3}join\b)/i.test(sql),
  },
  {
    reason: 'its list does not tell the target of an UPDATE or DELETE of several relations from the others',
    oracles: ['node-sql-parser'],
    differences: ['writes', 'only ours'],
    corpora: CORPORA,
    when: (_, { sql }) => /\b(?:update\b[\s\S]*(?:,|\bjoin\b)[\s\S]*\bset\b|delete\b[\s\S]*\b(?:from|using)\b)/i.test(sql),
  },
];
