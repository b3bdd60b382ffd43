import { type Explanation, writtenName } from './explanation.js';

const CORPORA = ['tsql-app', 'tsql-babelfish', 'tsql-scriptdom', 'tsql-sdstmt'] as const;

/** CREATE or ALTER of something with a body, which takes the rest of the batch with it. */
const MAKES_ROUTINE = /\b(?:create|alter)\s+(?:or\s+alter\s+)?(?:proc(?:edure)?|function|trigger)\b/i;

export const SQL_SERVER_EXPLANATIONS: readonly Explanation[] = [
  {
    reason: 'UPDATE TOP (n) is taken for a function that is updated, or left out',
    oracles: ['sqlparser-ts', 'node-sql-parser'],
    differences: ['only ours', 'only theirs', 'writes'],
    corpora: CORPORA,
    when: ({ theirs }, { sql }) => /\bupdate\s+top\b/i.test(sql) && theirs.every((name) => name === 'top'),
  },
  {
    reason: 'a relation with hints in parentheses is taken for a call of a function',
    oracles: ['sqlparser-ts', 'polyglot', 'node-sql-parser'],
    differences: ['only ours'],
    corpora: CORPORA,
    when: ({ ours }, { sql }) =>
      ours.every((name) =>
        new RegExp(`${writtenName(name)}\\s*\\(\\s*(?:index|tablock|nolock|holdlock|updlock|rowlock)\\b`, 'i').test(sql),
      ),
  },
  {
    reason: 'rowset functions (SEMANTICKEYPHRASETABLE and the like) read the relation that is their argument',
    oracles: ['sqlparser-ts', 'polyglot', 'node-sql-parser'],
    differences: ['only ours'],
    corpora: CORPORA,
    when: (_, { sql }) =>
      /\b(?:semantic\w+table|vector_search|containstable|freetexttable|changetable|predict|ai_generate_chunks)\s*\(/i.test(sql),
  },
  {
    reason: 'the procedure of INSERT … EXECUTE is taken for a relation',
    oracles: ['polyglot'],
    differences: ['only theirs'],
    corpora: CORPORA,
    when: ({ theirs }, { sql }) => theirs.every((name) => new RegExp(`\\bexec(?:ute)?\\s+${writtenName(name)}`, 'i').test(sql)),
  },
  {
    reason: 'the statements of a routine after the first are taken for statements of the batch',
    oracles: ['polyglot'],
    differences: ['count'],
    corpora: CORPORA,
    when: ({ ours, theirs }, { sql }) => ours.length < theirs.length && MAKES_ROUTINE.test(sql),
  },
  {
    reason: 'statements of a batch that no semicolon parts are taken for one',
    oracles: ['polyglot'],
    differences: ['count'],
    corpora: CORPORA,
    when: ({ ours, theirs }, { sql }) => ours.length > theirs.length && /\balter\s+table\b/i.test(sql),
  },
  {
    reason: 'SELECT … INTO under a UNION makes a table',
    oracles: ['polyglot', 'sqlparser-ts'],
    differences: ['kind'],
    corpora: CORPORA,
    when: (_, { sql }) => /\binto\b[\s\S]*\bunion\b/i.test(sql),
  },
  {
    reason: 'a table variable is taken for a scalar one',
    oracles: ['polyglot', 'node-sql-parser'],
    differences: ['only ours'],
    corpora: CORPORA,
    when: ({ ours }) => ours.every((name) => name.startsWith('@')),
  },
  {
    reason: 'what it does not know becomes expressions and names without a type, several of them for one statement',
    oracles: ['node-sql-parser'],
    differences: ['count', 'kind'],
    corpora: CORPORA,
    when: ({ theirs }) => theirs.includes('other'),
  },
  {
    reason: 'its list takes TRUNCATE for a read',
    oracles: ['node-sql-parser'],
    differences: ['writes'],
    corpora: CORPORA,
    when: ({ theirs }, { sql }) => /\btruncate\b/i.test(sql) && theirs.length === 0,
  },
  {
    reason: 'its list does not tell the target of UPDATE … FROM and DELETE … FROM from the relations beside it, or gives its alias',
    oracles: ['node-sql-parser'],
    differences: ['writes', 'only theirs', 'only ours'],
    corpora: CORPORA,
    when: (_, { sql }) => /\b(?:update|delete)\b[\s\S]*\bfrom\b/i.test(sql),
  },
  {
    reason: 'the column of a user-defined type in SET a.b = … is taken for a relation',
    oracles: ['node-sql-parser'],
    differences: ['only theirs', 'writes'],
    corpora: CORPORA,
    when: ({ theirs, ours }, { sql }) =>
      theirs.filter((name) => !ours.includes(name)).every((name) => new RegExp(`\\bset\\s+${name}\\.`, 'i').test(sql)),
  },
  {
    reason: 'a table-valued function as the target of UPDATE is left out',
    oracles: ['node-sql-parser'],
    differences: ['only ours', 'writes'],
    corpora: CORPORA,
    when: ({ ours }, { sql }) => ours.every((name) => new RegExp(`\\bupdate\\s+${writtenName(name)}\\s*\\(`, 'i').test(sql)),
  },
];
