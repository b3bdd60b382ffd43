import { describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { WORLD_A } from '../harness/worlds.js';
import { definitionsOfSchema, readCatalogue, readCatalogueFile } from './recorded-catalogue.js';
import { SQLSERVER_KINDS, startSqlserverCorpusServer } from './sqlserver-database.js';

describe('the catalogue that recorded answers are shown with', () => {
  it('has every module of schema.sql as it is there', () => {
    const { modules } = readCatalogueFile();
    const definitions = Object.entries(modules).map(([name, { definition }]) => [name, definition] as const);
    expect(new Map(definitions)).toEqual(new Map([...definitionsOfSchema()].sort()));
  });

  for (const kind of SQLSERVER_KINDS.filter(({ flavour }) => flavour === 'babelfish'))
    (requireOrSkip(kind.finding) ? it : it.skip)(
      `is that of ${kind.name}`,
      async () => {
        const server = await startSqlserverCorpusServer(kind);
        try {
          await server.create('crm', WORLD_A);
          const client = await server.direct('crm');
          const { tables, modules } = (await readCatalogue(client)) ?? { tables: {}, modules: {} };
          await client.close();
          const recorded = readCatalogueFile();
          expect(tables).toEqual(recorded.tables);
          const withoutTexts = (all: typeof modules): object =>
            Object.fromEntries(Object.entries(all).map(([name, module]) => [name, Object.assign({}, module, { definition: null })]));
          expect(withoutTexts(modules)).toEqual(withoutTexts(recorded.modules));
        } finally {
          await server.stop();
        }
      },
      60_000,
    );
});
