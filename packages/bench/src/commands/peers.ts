// npm run peers -- pg_regress --source <postgresql>/src/test/regress [--major 15] [--limit n]
// npm run peers -- node-postgres | psycopg --source <folder> [--major 18] [--python <interpreter>]
import { parseArgs } from 'node:util';
import { type PostgresMajor, postgresMajors } from '@sqlwarden/testkit';
import { CLIENT_SUITES, type ClientSuite, compareSuite } from '../peers/client-suites.js';
import { CAUSES } from '../peers/differing-lines.js';
import { compareRegression } from '../peers/pg-regress.js';
import { textTable } from './text-table.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    source: { type: 'string' },
    major: { type: 'string' },
    limit: { type: 'string', default: '100000' },
    python: { type: 'string', default: 'python3' },
  },
});

async function main(): Promise<number> {
  const [name = ''] = positionals;
  const { source = process.env['SQLWARDEN_PEER_SOURCE'] } = options;
  const suite = name in CLIENT_SUITES ? CLIENT_SUITES[name as keyof typeof CLIENT_SUITES] : undefined;
  const major = majorOf(options.major ?? (name === 'pg_regress' ? '15' : '18'));
  if (source === undefined || major === undefined || (suite === undefined && name !== 'pg_regress')) {
    console.error(
      'peers: say which suite, and where its source is: npm run peers -- pg_regress | node-postgres | psycopg --source <folder>',
    );
    return 2;
  }
  return suite === undefined ? regression(source, major) : clientSuite(suite, source, major);
}

function majorOf(text: string): PostgresMajor | undefined {
  return postgresMajors.find((major) => String(major) === text);
}

async function regression(source: string, major: PostgresMajor): Promise<number> {
  const progress = (line: string): void => console.log(line);
  const files = await compareRegression({ source, major, limit: Number(options.limit), progress });
  const differing = files.filter((file) => !file.isSame);
  console.log(
    textTable(
      ['file', ...CAUSES],
      differing.map(({ file, causes }) => [file, ...CAUSES.map((cause) => causes.get(cause) ?? 0)]),
    ),
  );
  console.log(`${files.length} files: ${files.length - differing.length} same, ${differing.length} different`);
  return differing.some(({ causes }) => causes.has('unexplained')) ? 1 : 0;
}

async function clientSuite(suite: ClientSuite, source: string, major: PostgresMajor): Promise<number> {
  const { count, passedDirect, passedThrough, differing } = await compareSuite(suite, { source, major, python: options.python });
  for (const { test, direct, through } of differing) console.log(`${test}: ${direct}, through the gateway ${through}`);
  console.log(`${count} tests: ${passedDirect} pass directly, ${passedThrough} through the gateway, ${differing.length} differ`);
  return differing.length === 0 ? 0 : 1;
}

process.exitCode = await main();
