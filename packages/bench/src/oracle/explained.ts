import type { CorpusEntry, CorpusName } from '../corpus/corpus-files.js';
import type { Disagreement } from './compare.js';
import type { Explanation } from './explanation.js';
import { MYSQL_EXPLANATIONS } from './explained-mysql.js';
import { POSTGRES_EXPLANATIONS } from './explained-postgres.js';
import { SQL_SERVER_EXPLANATIONS } from './explained-sqlserver.js';
import type { OracleName } from './oracles.js';

const EXPLANATIONS: readonly Explanation[] = [...POSTGRES_EXPLANATIONS, ...MYSQL_EXPLANATIONS, ...SQL_SERVER_EXPLANATIONS];

/** The first explanation of a disagreement; `undefined` when there is none. */
export function explain(oracle: OracleName, corpus: CorpusName, entry: CorpusEntry, disagreement: Disagreement): Explanation | undefined {
  return EXPLANATIONS.find(
    ({ oracles, differences, corpora, when }) =>
      oracles.includes(oracle) && differences.includes(disagreement.difference) && corpora.includes(corpus) && when(disagreement, entry),
  );
}
