/**
 * The statements that read a catalogue ("INFORMATION_SCHEMA Tables"), for MySQL and MariaDB alike. They change nothing, and mean the same in every
 * sql_mode and default database. What the account has no rights on is not shown to it: a relation, view or routine that is missing is
 * not known, and opaque; for triggers, which would be missed without a trace, {@link TRIGGER_RIGHTS_SQL} says of which relations all are shown.
 */

export const SERVER_SQL = "SELECT VERSION(), COALESCE(DATABASE(), ''), @@lower_case_table_names";

export const SCHEMAS_SQL = 'SELECT SCHEMA_NAME FROM information_schema.SCHEMATA';

/** schema, name, type. */
export const RELATIONS_SQL = 'SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES';

/** schema, relation, name, number, type, type with its modifiers, nullable, length in characters, extra, expression. */
export const COLUMNS_SQL = `
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, EXTRA,
       GENERATION_EXPRESSION
FROM information_schema.COLUMNS`;

/**
 * schema, relation and column of what MariaDB calls JSON: a `longtext` with a check of its own ("JSON Data Type"). MySQL has a type for it, and no
 * columns of these names.
 */
export const JSON_COLUMNS_SQL = `
SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS
WHERE LEVEL = 'Column' AND LEFT(CHECK_CLAUSE, 11) = 'json_valid('`;

/**
 * schema, relation and column of a foreign key that writes, schema, relation and column that it refers to, ON DELETE, ON UPDATE, its name; in the
 * order of its columns.
 */
export const FOREIGN_KEYS_SQL = `
SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME,
       c.DELETE_RULE, c.UPDATE_RULE, c.CONSTRAINT_NAME
FROM information_schema.REFERENTIAL_CONSTRAINTS c JOIN information_schema.KEY_COLUMN_USAGE k
  ON k.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.CONSTRAINT_NAME = c.CONSTRAINT_NAME
WHERE k.REFERENCED_TABLE_NAME IS NOT NULL
  AND (c.DELETE_RULE NOT IN ('NO ACTION', 'RESTRICT') OR c.UPDATE_RULE NOT IN ('NO ACTION', 'RESTRICT'))
ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`;

/** schema, name, definition (empty without the right to see it). */
export const VIEWS_SQL = `
SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS
WHERE TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')`;

/** schema, name, type, body (null without the right to see it), language, security, sql_mode, deterministic, data access, type of the result. */
export const ROUTINES_SQL = `
SELECT ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE, ROUTINE_DEFINITION, ROUTINE_BODY, SECURITY_TYPE, SQL_MODE, IS_DETERMINISTIC, SQL_DATA_ACCESS,
       DTD_IDENTIFIER
FROM information_schema.ROUTINES`;

/** schema, routine, type of the routine, position (0 is the result), mode, name, type. */
export const PARAMETERS_SQL = `
SELECT SPECIFIC_SCHEMA, SPECIFIC_NAME, ROUTINE_TYPE, ORDINAL_POSITION, PARAMETER_MODE, PARAMETER_NAME, DTD_IDENTIFIER
FROM information_schema.PARAMETERS WHERE ORDINAL_POSITION > 0
ORDER BY SPECIFIC_SCHEMA, SPECIFIC_NAME, ROUTINE_TYPE, ORDINAL_POSITION`;

/** schema and name of the relation, name, sql_mode, what sets it off. A trigger is in the schema of its relation. */
export const TRIGGERS_SQL = `
SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME, SQL_MODE, EVENT_MANIPULATION FROM information_schema.TRIGGERS
ORDER BY EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER`;

const OWN = "CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)))";

/** Pattern of schemas and name of the relation that rights of the account are on, null for all; whether TRIGGER is among them. */
export const TRIGGER_RIGHTS_SQL = `
SELECT NULL, NULL, MAX(PRIVILEGE_TYPE = 'TRIGGER') FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ${OWN}
UNION ALL
SELECT TABLE_SCHEMA, NULL, MAX(PRIVILEGE_TYPE = 'TRIGGER') FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ${OWN} GROUP BY TABLE_SCHEMA
UNION ALL
SELECT TABLE_SCHEMA, TABLE_NAME, MAX(PRIVILEGE_TYPE = 'TRIGGER') FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = ${OWN}
GROUP BY TABLE_SCHEMA, TABLE_NAME`;

/** Names of loadable functions, which are found before stored ones. Not every account may read it. */
export const LOADABLE_SQL = 'SELECT name FROM mysql.func';

/** What the server itself brings: it changes with the version, and asking for it costs most. */
const NOT_OF_SERVER = "NOT IN ('information_schema', 'performance_schema', 'sys')";

/**
 * One row and column that changes with every change of what the statements above read, but for what the server brings. Neither server counts such changes, so that the rows
 * themselves are summed up.
 */
export const FINGERPRINT_SQL = `
SELECT CONCAT_WS(' ', VERSION(),
${[
  summary('SCHEMATA', 'SCHEMA_NAME'),
  summary('TABLES', 'TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE', `TABLE_TYPE <> 'TEMPORARY' AND TABLE_SCHEMA ${NOT_OF_SERVER}`),
  summary(
    'COLUMNS',
    'TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, EXTRA, GENERATION_EXPRESSION',
    `TABLE_SCHEMA ${NOT_OF_SERVER}`,
  ),
  summary('CHECK_CONSTRAINTS', 'CONSTRAINT_SCHEMA, CONSTRAINT_NAME, CHECK_CLAUSE', `CONSTRAINT_SCHEMA ${NOT_OF_SERVER}`),
  summary(
    'REFERENTIAL_CONSTRAINTS',
    'CONSTRAINT_SCHEMA, CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_NAME, DELETE_RULE, UPDATE_RULE',
    `CONSTRAINT_SCHEMA ${NOT_OF_SERVER}`,
  ),
  summary('VIEWS', 'TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION', `TABLE_SCHEMA ${NOT_OF_SERVER}`),
  summary('ROUTINES', 'ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE, ROUTINE_DEFINITION, SECURITY_TYPE, SQL_MODE, LAST_ALTERED'),
  summary(
    'TRIGGERS',
    'EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME, EVENT_MANIPULATION, ACTION_STATEMENT, ACTION_ORDER, SQL_MODE, CREATED',
    `EVENT_OBJECT_SCHEMA ${NOT_OF_SERVER}`,
  ),
].join(',\n')})`;

function summary(relation: string, columns: string, where = 'TRUE'): string {
  const row = `SHA2(CONCAT_WS('/', ${columns.replaceAll(/\w+/g, (column) => `COALESCE(${column}, '')`)}), 256)`;
  // 56 bits of a digest at a time: sums do not depend on the order of rows.
  const sum = (from: number): string => `SUM(CAST(CONV(SUBSTR(${row}, ${from}, 14), 16, 10) AS UNSIGNED))`;
  return `  (SELECT CONCAT_WS('-', COUNT(*), ${sum(1)}, ${sum(15)}) FROM information_schema.${relation} WHERE ${where})`;
}
