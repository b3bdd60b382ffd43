/**
 * How the names of a catalogue are folded, as the parser folds those of texts ("Identifier Case Sensitivity"): columns and routines to lower case;
 * schemas and relations as `lower_case_table_names` says, but for INFORMATION_SCHEMA, which is the same in every letter case.
 */
export interface Folding {
  /** `lower_case_table_names` is 1 or 2. */
  readonly relations: boolean;
}

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['information_schema', 'mysql', 'performance_schema', 'sys']);

export function isSystemSchema(schema: string): boolean {
  return SYSTEM_SCHEMAS.has(schema);
}

export function foldSchema(schema: string, folding: Folding): string {
  const lower = schema.toLowerCase();
  return folding.relations || lower === 'information_schema' ? lower : schema;
}

export function foldRelation(schema: string, relation: string, folding: Folding): string {
  return folding.relations || schema.toLowerCase() === 'information_schema' ? relation.toLowerCase() : relation;
}

/** Columns and routines. */
export function foldName(name: string): string {
  return name.toLowerCase();
}
