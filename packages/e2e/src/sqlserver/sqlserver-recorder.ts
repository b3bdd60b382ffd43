import { parse } from 'yaml';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GUESSES, WORLD_A, WORLD_B } from '../harness/worlds.js';
import { answerOf, digestOf, type RecordedCase, type RecordedStep, readRecordings, writeRecordings } from './recorded-answers.js';
import {
  changeBetween,
  definitionsOfSchema,
  readCatalogue,
  type RecordedCatalogue,
  readSystemViews,
  writeCatalogueFile,
} from './recorded-catalogue.js';
import {
  corpusDirectory,
  loadSqlserverAttacks,
  loadSqlserverLegitimate,
  type SqlserverCase,
  sqlserverCorpus,
  type Way,
} from './sqlserver-case.js';
import { SQLSERVER_KINDS, type SqlserverCorpusServer, startSqlserverCorpusServer } from './sqlserver-database.js';
import { runSqlserverCase } from './sqlserver-run.js';

/** Names that are in no text by chance: recordings have `{{database}}` in their place. */
const DATABASES = { recorda: WORLD_A, recordb: WORLD_B } as const;
type Database = keyof typeof DATABASES;

const CHANGES_CATALOGUE = /\b(alter|create|drop|into|rename|exec|execute|rollback|commit|sp_\w+)\b/i;

/** The way that a case is recorded in: what a server answers to a text is the same in each, but for what is around it. */
export function recordedWay(one: SqlserverCase): Way {
  return one.ways.includes('batch') ? 'batch' : 'executesql';
}

/**
 * Asks a Babelfish what it answers to the cases, around any gateway, and writes it into `recorded/`, and the catalogue of `schema.sql` into
 * `database/catalogue.yaml`.
 *
 * @param all records cases again that are recorded as they are.
 */
export async function record(all: boolean, tell: (text: string) => void): Promise<void> {
  const kind = SQLSERVER_KINDS.find(({ flavour, finding }) => flavour === 'babelfish' && finding.found);
  if (kind === undefined) throw new Error('recordings are made of a Babelfish: give one by SQLWARDEN_SQLSERVER_TREE');
  const server = await startSqlserverCorpusServer(kind);
  try {
    for (const [database, world] of Object.entries(DATABASES)) await server.create(database, world);
    const base = await recordCatalogue(server);
    const pristine = new Map<Database, string>();
    for (const database of Object.keys(DATABASES) as Database[]) pristine.set(database, JSON.stringify(await server.fingerprint(database)));

    const recordOne = async (one: SqlserverCase, database: Database): Promise<RecordedStep[]> => {
      const steps = await recordSteps(server, one, database, base);
      if (JSON.stringify(await server.fingerprint(database)) !== pristine.get(database)) {
        await server.create(database, DATABASES[database]);
        pristine.set(database, JSON.stringify(await server.fingerprint(database)));
      }
      return steps;
    };
    for (const [folder, cases] of [
      ['attacks', loadSqlserverAttacks()],
      ['legitimate', loadSqlserverLegitimate()],
    ] as const) {
      for (const file of new Set(cases.map((one) => one.file))) {
        const before = readRecordings(folder, file);
        const recordings: Record<string, RecordedCase> = {};
        for (const one of cases.filter((other) => other.file === file && other.on !== 'sqlserver' && other.answer === undefined)) {
          const known = before[one.note];
          if (!all && known?.digest === digestOf(one)) {
            recordings[one.note] = known;
            continue;
          }
          const a = await recordOne(one, 'recorda');
          const b = folder === 'attacks' ? await recordOne(one, 'recordb') : a;
          recordings[one.note] = { digest: digestOf(one), a, ...(JSON.stringify(a) === JSON.stringify(b) ? {} : { b }) };
          tell(`${folder}/${file}: ${one.note}`);
        }
        writeRecordings(folder, file, recordings);
      }
    }
  } finally {
    await server.stop();
  }
}

async function recordCatalogue(server: SqlserverCorpusServer): Promise<RecordedCatalogue> {
  const client = await server.direct('recorda');
  try {
    const catalogue = await readCatalogue(client);
    if (catalogue === undefined) throw new Error('the server does not tell its catalogue');
    const definitions = definitionsOfSchema();
    const modules: Record<string, RecordedCatalogue['modules'][string]> = {};
    for (const [name, module] of Object.entries(catalogue.modules))
      modules[name] = { ...module, definition: definitions.get(name) ?? null };
    const systemViews = await readSystemViews(client, systemViewsNamed());
    writeCatalogueFile({ ...catalogue, modules, systemViews });
    return catalogue;
  } finally {
    await client.close();
  }
}

/** Views of the system that the corpora name. */
function systemViewsNamed(): string[] {
  const texts = ['attacks', 'legitimate'].flatMap((folder) =>
    readdirSync(join(corpusDirectory, folder)).map((file) => JSON.stringify(parse(sqlserverCorpus(folder, file)))),
  );
  const names = [...texts.join('\n').matchAll(/\b(sys|information_schema)[\].]+\[?(\w+)/gi)];
  return [...new Set(names.map(([, schema = '', name = '']) => `${schema}.${name}`.toLowerCase()))].sort();
}

async function recordSteps(
  server: SqlserverCorpusServer,
  one: SqlserverCase,
  database: Database,
  base: RecordedCatalogue,
): Promise<RecordedStep[]> {
  const steps: RecordedStep[] = [];
  let catalogue = base;
  let wasInTransaction = false;
  await runSqlserverCase(one, recordedWay(one), {
    open: () => server.direct(database),
    fill: { ...GUESSES, database },
    onStep: (_, client) => void (wasInTransaction = client.inTransaction),
    async onReply(index, client, reply) {
      const step = one.steps[index];
      const items = answerOf(reply);
      if (client.inTransaction !== wasInTransaction && step?.transaction === undefined) {
        const ended = /rollback/i.test(step?.sql ?? '') || reply.some(({ kind }) => kind === 'error') ? 'rollback' : 'commit';
        items.push({ transaction: client.inTransaction ? 'begin' : ended });
      }
      const now =
        CHANGES_CATALOGUE.test(step?.sql ?? step?.call ?? step?.transaction ?? '') && !client.closed
          ? await readCatalogue(client)
          : undefined;
      const change = now === undefined ? undefined : changeBetween(catalogue, now);
      catalogue = now ?? catalogue;
      steps.push({ items, ...(change === undefined ? {} : { catalogue: change }) });
    },
  });
  return JSON.parse(JSON.stringify(steps).replaceAll(database, '{{database}}')) as RecordedStep[];
}
