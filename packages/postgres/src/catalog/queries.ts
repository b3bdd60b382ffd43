/**
 * The statements that read a catalogue ("System Catalogs"). They name everything with its schema, change nothing, and may run inside a
 * transaction of a client. Objects of other sessions' temporary schemas are left out: nobody else can name them.
 */

/** First OID of objects that were not made by initdb (transam.h, FirstNormalObjectId). */
export const FIRST_USER_OID = 16_384;

/**
 * The search path while a catalogue is read: no operator or function of a user can be meant, and definitions come with every name outside
 * of pg_catalog qualified (they are texts whose names depend on the path).
 */
export const READING_PATH = 'pg_catalog, pg_temp';

/**
 * Around a reading inside of a transaction block: definitions are made under locks on what they name, which a subtransaction gives back when
 * it is rolled back ("Explicit Locking"), and which somebody's ALTER TABLE would otherwise wait for until the client commits.
 */
export const READING_BRACKET = {
  before: 'SAVEPOINT sqlwarden_reads_the_catalogue',
  after: ['ROLLBACK TO SAVEPOINT sqlwarden_reads_the_catalogue', 'RELEASE SAVEPOINT sqlwarden_reads_the_catalogue'],
} as const;

/** How long reading a definition waits for somebody's ALTER TABLE on what it names. */
export const LOCK_TIMEOUT_MS = 1_000;

/** Sets both settings, for the transaction only (`local`) or for the session. */
export function settingsSql(searchPath: string, lockTimeout: string, local: boolean): string {
  return `SELECT pg_catalog.set_config('search_path', ${quote(searchPath)}, ${local}), pg_catalog.set_config('lock_timeout', ${quote(lockTimeout)}, ${local})`;
}

export const CURRENT_PATH_SQL = "SELECT pg_catalog.current_setting('search_path')";

/** oid, name. */
export const SCHEMAS_SQL = `
SELECT oid, nspname FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_(toast|temp)' OR oid = pg_catalog.pg_my_temp_schema()`;

/** oid, schema, name, kind, parents (OIDs), whether triggers or rules run when it is written. */
export const relationsSql = (which: string): string => `
SELECT c.oid, n.nspname, c.relname, c.relkind,
       (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.text, ',' ORDER BY i.inhseqno)
          FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid),
       (c.relhastriggers AND EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal))
         OR (c.relhasrules AND EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1'))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c', 'i', 'I')
  AND n.nspname !~ '^pg_toast'
  AND (c.relkind NOT IN ('i', 'I') OR c.oid >= ${FIRST_USER_OID})
  AND (n.nspname !~ '^pg_temp' OR n.oid = pg_catalog.pg_my_temp_schema())
  AND ${which}`;

/** relation, name, number, type, modifier, type with its modifier (only where there is one), not null, generated. */
export const columnsSql = (which: string): string => `
SELECT a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod,
       CASE WHEN a.atttypmod >= 0 THEN pg_catalog.format_type(a.atttypid, a.atttypmod) END, a.attnotnull, a.attgenerated
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
  AND c.relnamespace NOT IN (SELECT n.oid FROM pg_catalog.pg_namespace n
    WHERE n.nspname ~ '^pg_toast' OR (n.nspname ~ '^pg_temp' AND n.oid <> pg_catalog.pg_my_temp_schema()))
  AND ${which}
ORDER BY a.attrelid, a.attnum`;

/** of the foreign keys that write: referring relation and its columns (numbers), the relation referred to and its columns, ON DELETE, ON UPDATE. */
export const foreignKeysSql = (which: string): string => `
SELECT c.conrelid, pg_catalog.array_to_json(c.conkey), c.confrelid, pg_catalog.array_to_json(c.confkey), c.confdeltype, c.confupdtype
FROM pg_catalog.pg_constraint c
WHERE c.contype = 'f' AND (c.confdeltype NOT IN ('a', 'r') OR c.confupdtype NOT IN ('a', 'r')) AND ${which}`;

/**
 * oid, schema, name, kind, name for people, relation (of composite types); and what a value of it is made of: type and modifier under a
 * domain, element of an array, subtype of a range, range of a multirange, labels of an enum in their order; the extension that it is of.
 */
export const typesSql = (which: string): string => `
SELECT t.oid, n.nspname, t.typname, t.typtype, pg_catalog.format_type(t.oid, NULL), t.typrelid,
       t.typbasetype, t.typtypmod,
       CASE WHEN t.typlen = -1 AND t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc THEN t.typelem ELSE 0 END,
       COALESCE(r.rngsubtype, m.rngtypid, 0),
       CASE WHEN t.typtype = 'e' THEN (
         SELECT pg_catalog.json_agg(v.enumlabel ORDER BY v.enumsortorder) FROM pg_catalog.pg_enum v WHERE v.enumtypid = t.oid) END,
       e.extname
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE n.nspname !~ '^pg_toast' AND (n.nspname !~ '^pg_temp' OR n.oid = pg_catalog.pg_my_temp_schema()) AND ${which}`;

/**
 * oid, schema, name, kind, language, volatility, security definer, search path that it pins, returns a set, return type, argument types,
 * defaults, variadic, modes of parameters that are not all inputs, names of parameters, body of user functions, extension,
 * functions that an aggregate of a user calls (0 for none), settings besides the search path that have values of their own while it runs.
 */
export const routinesSql = (which: string): string => `
SELECT p.oid, n.nspname, p.proname, p.prokind, l.lanname, p.provolatile, p.prosecdef,
       (SELECT pg_catalog.substr(s, 13) FROM pg_catalog.unnest(p.proconfig) s WHERE s ~ '^search_path='),
       p.proretset, p.prorettype, p.proargtypes, p.pronargdefaults, p.provariadic <> 0,
       pg_catalog.array_to_json(p.proargmodes),
       CASE WHEN p.proargmodes IS NOT NULL OR p.oid >= ${FIRST_USER_OID} THEN pg_catalog.array_to_json(p.proargnames) END,
       CASE WHEN p.oid >= ${FIRST_USER_OID} AND l.lanname <> 'c' THEN p.prosrc END, e.extname,
       CASE WHEN p.oid >= ${FIRST_USER_OID} AND p.prokind = 'a' THEN (
         SELECT pg_catalog.array_to_json(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn,
           aggmfinalfn]::pg_catalog.oid[]) FROM pg_catalog.pg_aggregate WHERE aggfnoid = p.oid) END,
       (SELECT pg_catalog.json_agg(pg_catalog.lower(pg_catalog.split_part(s, '=', 1))) FROM pg_catalog.unnest(p.proconfig) s
        WHERE s !~ '^search_path=')
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE ${which}`;

/** The trees of expressions (pg_node_tree) name functions, those of operators and aggregates too, by OID (primnodes.h). */
const CALLED_IN_TREE = `pg_catalog.regexp_matches(e.tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g')`;
const TYPES_IN_TREE = `pg_catalog.regexp_matches(e.tree, ':resulttype ([0-9]+)', 'g')`;

/**
 * relation (a routine where it is `called`), domain, when it runs (`written`, `read`, `called`), functions that it calls besides those of the system that
 * set nothing, types of users that it casts to: of the expressions that run while rows are read or written, or stand for what a call leaves out. Trees are read as they are kept: their texts could not be had while somebody holds a lock.
 */
export const STORED_CODE_SQL = `
SELECT f.relation, f.domain, f.runs, pg_catalog.array_to_json(f.called), pg_catalog.array_to_json(f.types) FROM (
  SELECT e.relation, e.domain, e.runs, ARRAY(
    SELECT m.found[1]::pg_catalog.int8 FROM ${CALLED_IN_TREE} AS m(found)
    WHERE m.found[1]::pg_catalog.int8 >= ${FIRST_USER_OID}
       OR m.found[1] = (SELECT p.oid::pg_catalog.text FROM pg_catalog.pg_proc p
                        WHERE p.proname = 'set_config' AND p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace)) AS called,
    ARRAY(SELECT m.found[1]::pg_catalog.int8 FROM ${TYPES_IN_TREE} AS m(found) WHERE m.found[1]::pg_catalog.int8 >= ${FIRST_USER_OID}) AS types
  FROM (
    SELECT adrelid, 0::pg_catalog.oid, 'written', adbin::pg_catalog.text FROM pg_catalog.pg_attrdef
    UNION ALL
    SELECT conrelid, contypid, 'written', conbin::pg_catalog.text FROM pg_catalog.pg_constraint WHERE contype = 'c'
    UNION ALL
    SELECT indrelid, 0, 'written', pg_catalog.concat(indexprs::pg_catalog.text, indpred::pg_catalog.text) FROM pg_catalog.pg_index
    WHERE indexprs IS NOT NULL OR indpred IS NOT NULL
    UNION ALL
    SELECT partrelid, 0, 'written', partexprs::pg_catalog.text FROM pg_catalog.pg_partitioned_table WHERE partexprs IS NOT NULL
    UNION ALL
    SELECT oid, 0, 'called', proargdefaults::pg_catalog.text FROM pg_catalog.pg_proc WHERE proargdefaults IS NOT NULL AND oid >= ${FIRST_USER_OID}
    UNION ALL
    SELECT polrelid, 0, 'read', pg_catalog.concat(polqual::pg_catalog.text, polwithcheck::pg_catalog.text) FROM pg_catalog.pg_policy
  ) AS e(relation, domain, runs, tree)
) AS f WHERE pg_catalog.cardinality(f.called) > 0 OR pg_catalog.cardinality(f.types) > 0`;

/** schema, symbol, routine. */
export const OPERATORS_SQL = `
SELECT n.nspname, o.oprname, o.oprcode::pg_catalog.oid
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid >= ${FIRST_USER_OID}`;

/** target type, routine. */
export const CASTS_SQL = `
SELECT c.casttarget, c.castfunc FROM pg_catalog.pg_cast c WHERE c.castfunc >= ${FIRST_USER_OID}`;

/** Whose definitions are wanted: conditions on a relation's OID, and on a routine's. */
export interface Defined {
  readonly relation: (column: string) => string;
  readonly routine: (column: string) => string;
}

export const ALL_DEFINED: Defined = { relation: () => 'true', routine: () => 'true' };

const views = ({ relation }: Defined): string => `
SELECT 'view', c.oid, 0, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c
WHERE c.relkind IN ('v', 'm') AND c.oid >= ${FIRST_USER_OID}
  AND (c.relpersistence <> 't' OR c.relnamespace = pg_catalog.pg_my_temp_schema()) AND ${relation('c.oid')}`;

const generated = ({ relation }: Defined): string => `
SELECT 'generated', d.adrelid, d.adnum, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM pg_catalog.pg_attrdef d
JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE a.attgenerated <> '' AND d.adrelid >= ${FIRST_USER_OID} AND ${relation('d.adrelid')}`;

const bodies = ({ routine }: Defined): string => `
SELECT 'body', p.oid, 0, pg_catalog.pg_get_function_sqlbody(p.oid) FROM pg_catalog.pg_proc p
WHERE p.prosqlbody IS NOT NULL AND p.oid >= ${FIRST_USER_OID} AND ${routine('p.oid')}`;

const procedures = ({ routine }: Defined): string => `
SELECT 'procedure', p.oid, 0, pg_catalog.pg_get_functiondef(p.oid)
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE l.lanname = 'plpgsql' AND p.prokind IN ('f', 'p') AND p.oid >= ${FIRST_USER_OID} AND ${routine('p.oid')}`;

const triggers = ({ relation }: Defined): string => `
SELECT 'trigger', t.tgrelid, t.tgfoid, pg_catalog.pg_get_triggerdef(t.oid) FROM pg_catalog.pg_trigger t
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND ${relation('t.tgrelid')}
UNION ALL SELECT 'rule', r.ev_class, 0, pg_catalog.pg_get_ruledef(r.oid) FROM pg_catalog.pg_rewrite r
WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D' AND r.oid >= ${FIRST_USER_OID} AND ${relation('r.ev_class')}`;

/**
 * What it is (`view`, `generated`, `body`, `procedure`, `trigger`, `rule`), oid (of the relation for triggers and rules), column number (of
 * the function for triggers), text. Waits for locks on what the definitions name.
 */
export function definitionsSql(defined: Defined): string {
  return `${views(defined)} UNION ALL ${otherDefinitionsSql(defined)}`;
}

/** The same without views. */
export function otherDefinitionsSql(defined: Defined): string {
  return [generated, bodies, procedures, triggers].map((sql) => sql(defined)).join(' UNION ALL ');
}

/** The same for one view. */
export function viewSql(id: number): string {
  return views({ ...ALL_DEFINED, relation: (column) => `${column} = '${id}'::pg_catalog.oid` });
}

/** A constant that is read alike whatever `standard_conforming_strings` is. */
function quote(text: string): string {
  const escaped = text.replaceAll("'", "''").replaceAll('\\', '\\\\');
  return text.includes('\\') ? `E'${escaped}'` : `'${escaped}'`;
}

/**
 * `relation` or `routine`, oid: those whose definitions may have another text, because they, or something that they name, are among what has
 * changed (conditions on an OID). What names what is in pg_depend, but for objects of the system that cannot be dropped.
 */
export function affectedSql(
  changed: Readonly<Record<'relations' | 'types' | 'routines' | 'operators', (column: string) => string>>,
): string {
  return `
WITH RECURSIVE reached(class, id) AS (
  SELECT * FROM (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.oid FROM pg_catalog.pg_class c WHERE ${changed.relations('c.oid')}
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, t.oid FROM pg_catalog.pg_type t WHERE ${changed.types('t.oid')}
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, p.oid FROM pg_catalog.pg_proc p WHERE ${changed.routines('p.oid')}
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid, o.oid FROM pg_catalog.pg_operator o WHERE ${changed.operators('o.oid')}
  ) AS seeds
  UNION
  SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid END,
         COALESCE(r.ev_class, d.objid)
  FROM reached
  JOIN pg_catalog.pg_depend d ON d.refclassid = reached.class AND d.refobjid = reached.id
  LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
)
SELECT 'relation', id FROM reached WHERE class = 'pg_catalog.pg_class'::pg_catalog.regclass AND id >= ${FIRST_USER_OID}
UNION SELECT 'routine', id FROM reached WHERE class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND id >= ${FIRST_USER_OID}
UNION SELECT 'relation', t.tgrelid FROM reached JOIN pg_catalog.pg_trigger t ON t.oid = id
      WHERE class = 'pg_catalog.pg_trigger'::pg_catalog.regclass
UNION SELECT 'relation', a.adrelid FROM reached JOIN pg_catalog.pg_attrdef a ON a.oid = id
      WHERE class = 'pg_catalog.pg_attrdef'::pg_catalog.regclass`;
}
