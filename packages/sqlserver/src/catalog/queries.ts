/**
 * The statements that read the catalogue of a database ("System Catalog Views"). They change nothing, name everything with its schema, and mean
 * the same under every SET option. What the login has no rights on is not shown to it ("Metadata Visibility Configuration"): a relation, module or
 * routine that is missing is not known, and opaque; triggers, which would be missed without a trace, are all shown to who may VIEW DEFINITION.
 */

/** 1 for a login to which everything of the database is shown. */
export const SEES_ALL =
  "CASE WHEN HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION') = 1 OR IS_SRVROLEMEMBER('sysadmin') = 1 THEN 1 ELSE 0 END";

/**
 * major version, database, default schema, whether every definition of the database is shown, the collations of the database, of the server and
 * of temporary tables.
 */
export const SERVER_SQL = `
SELECT CONVERT(nvarchar(20), SERVERPROPERTY('ProductMajorVersion')), DB_NAME(), SCHEMA_NAME(),
       ${SEES_ALL},
       CONCAT(CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation')), ' ',
         CONVERT(nvarchar(128), SERVERPROPERTY('Collation')), ' ', CONVERT(nvarchar(128), DATABASEPROPERTYEX('tempdb', 'Collation')))`;

export const SCHEMAS_SQL = 'SELECT name FROM sys.schemas';

/** object, schema, name, type, of the system. */
export const OBJECTS_SQL = `
SELECT o.object_id, SCHEMA_NAME(o.schema_id), o.name, RTRIM(o.type), CONVERT(int, o.is_ms_shipped)
FROM sys.all_objects AS o
WHERE o.type IN ('U', 'V', 'S', 'IT', 'ET', 'SO', 'SN', 'P', 'PC', 'X', 'RF', 'FN', 'FS', 'IF', 'TF', 'FT', 'AF')`;

/** object, number, name, type with its schema, number of the type, length in bytes, nullable, computed, hidden, identity, sparse, column set. */
export const COLUMNS_SQL = `
SELECT c.object_id, c.column_id, c.name, SCHEMA_NAME(t.schema_id) + N'.' + t.name, CONVERT(int, c.system_type_id), CONVERT(int, c.max_length),
       CONVERT(int, c.is_nullable), CONVERT(int, c.is_computed), COALESCE(CONVERT(int, u.is_hidden), 0), CONVERT(int, c.is_identity),
       CONVERT(int, c.is_sparse), CONVERT(int, c.is_column_set)
FROM sys.all_columns AS c LEFT JOIN sys.types AS t ON t.user_type_id = c.user_type_id
     LEFT JOIN sys.columns AS u ON u.object_id = c.object_id AND u.column_id = c.column_id
ORDER BY c.object_id, c.column_id`;

/** object, column, definition. */
export const COMPUTED_SQL = 'SELECT object_id, name, definition FROM sys.computed_columns';

/** object, definition (null when it is encrypted or not shown), QUOTED_IDENTIFIER when it was made, runs as somebody else. */
export const MODULES_SQL = `
SELECT object_id, definition, CONVERT(int, uses_quoted_identifier), CASE WHEN execute_as_principal_id IS NULL THEN 0 ELSE 1 END
FROM sys.sql_modules`;

/** object, name, type, output. */
export const PARAMETERS_SQL = `
SELECT object_id, parameter_id, name, TYPE_NAME(user_type_id), CONVERT(int, is_output) FROM sys.all_parameters WHERE object_id > 0
ORDER BY object_id, parameter_id`;

/** object, what it stands for. */
export const SYNONYMS_SQL = 'SELECT object_id, base_object_name FROM sys.synonyms';

/** key, its table, its column, the table that it refers to, the column there, numbers of what a delete and an update do. */
export const FOREIGN_KEYS_SQL = `
SELECT k.object_id, k.parent_object_id, COL_NAME(c.parent_object_id, c.parent_column_id), k.referenced_object_id,
       COL_NAME(c.referenced_object_id, c.referenced_column_id), CONVERT(int, k.delete_referential_action),
       CONVERT(int, k.update_referential_action)
FROM sys.foreign_keys AS k JOIN sys.foreign_key_columns AS c ON c.constraint_object_id = k.object_id
WHERE k.delete_referential_action > 0 OR k.update_referential_action > 0
ORDER BY k.object_id, c.constraint_column_id`;

/** table, the table that keeps its earlier rows. */
export const HISTORIES_SQL = 'SELECT object_id, history_table_id FROM sys.tables WHERE history_table_id IS NOT NULL';

/** trigger, the relation that it stands on. */
export const TRIGGERS_SQL = 'SELECT object_id, parent_id FROM sys.triggers WHERE parent_class = 1 AND is_disabled = 0 ORDER BY object_id';

/** The object that has the columns of a table type, schema, name. */
export const TABLE_TYPES_SQL = `
SELECT t.type_table_object_id, s.name, t.name FROM sys.table_types AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id`;

/** Names of types whose methods are those of an assembly. */
export const ASSEMBLY_TYPES_SQL = `
SELECT s.name, t.name FROM sys.assembly_types AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE t.is_user_defined = 1`;

/** One row and column that changes with every change of what the statements above read. */
export const FINGERPRINT_SQL = `
SELECT CONCAT(
${[
  summary('sys.schemas', ['schema_id', 'name', 'principal_id']),
  summary('sys.objects', ['object_id', 'schema_id', 'name', 'type', 'parent_object_id', 'CONVERT(nvarchar(30), modify_date, 126)']),
  summary('sys.columns', [
    'object_id',
    'column_id',
    'name',
    'user_type_id',
    'max_length',
    'is_nullable',
    'is_computed',
    'is_hidden',
    'is_identity',
    'is_sparse',
    'is_column_set',
  ]),
  summary('sys.computed_columns', ['object_id', 'column_id', 'definition']),
  summary('sys.foreign_keys', [
    'object_id',
    'parent_object_id',
    'referenced_object_id',
    'delete_referential_action',
    'update_referential_action',
  ]),
  summary('sys.tables', ['object_id', 'history_table_id']),
  summary('sys.all_parameters', ['object_id', 'parameter_id', 'name', 'user_type_id', 'is_output'], 'object_id > 0'),
  summary('sys.triggers', ['object_id', 'parent_id', 'is_disabled', 'CONVERT(nvarchar(30), modify_date, 126)']),
  summary('sys.synonyms', ['object_id', 'base_object_name']),
  summary('sys.types', ['user_type_id', 'schema_id', 'name']),
].join(", ' ',\n")})`;

/** Sums do not depend on the order of rows. */
function summary(relation: string, columns: readonly string[], where = '1 = 1'): string {
  const digest = `HASHBYTES('SHA2_256', CONCAT(${columns.join(", '/', ")}))`;
  const part = (from: number): string => `SUM(CONVERT(decimal(38, 0), CONVERT(bigint, SUBSTRING(${digest}, ${from}, 8))))`;
  return `  (SELECT CONCAT(COUNT_BIG(*), '-', ${part(1)}, '-', ${part(9)}) FROM ${relation} WHERE ${where})`;
}
