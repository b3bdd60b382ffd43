import type { DialectName, ParseContext, ResolvedCatalogue, Statement } from '@sqlwarden/core';
import { catalogueFromDefinitions as mysqlCatalogue } from '@sqlwarden/mysql';
import { catalogueFromDefinitions as postgresCatalogue } from '@sqlwarden/postgres';
import { catalogueFromDefinitions as sqlserverCatalogue } from '@sqlwarden/sqlserver';
import type { UnitParser } from '../parsing/unit-parser.js';
import { createSchemas, createTable, type TableShape } from '../schemas/table-shape.js';

/** Catalogues that need no server: made from definitions alone. */
export const CATALOGUE_FROM_DEFINITIONS: Record<
  DialectName,
  (statements: readonly Statement[], options: { readonly database: string }) => ResolvedCatalogue
> = { postgres: postgresCatalogue, mysql: mysqlCatalogue, sqlserver: sqlserverCatalogue };

/** The catalogue of a database with these tables. A definition that the parser refuses throws. */
export async function catalogueOfTables(
  tables: readonly TableShape[],
  { dialect, parser, context, database }: DefinitionSetting,
): Promise<ResolvedCatalogue> {
  const statements: Statement[] = [];
  for (const definition of [...createSchemas(dialect, tables), ...tables.map((table) => createTable(dialect, table))]) {
    const result = await parser.parseText(definition, context);
    if (!result.ok) throw new Error(`a definition that is not ${dialect}: ${result.failure.message}: ${definition}`);
    statements.push(...(result.unit.statements as readonly Statement[]));
  }
  return CATALOGUE_FROM_DEFINITIONS[dialect](statements, { database });
}

export interface DefinitionSetting {
  readonly dialect: DialectName;
  readonly parser: UnitParser;
  readonly context: ParseContext;
  readonly database: string;
}
