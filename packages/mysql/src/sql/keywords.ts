import type { TokenCursor } from './cursor.js';

/**
 * Reserved words: they are no names unless they are quoted or stand behind a dot. MySQL Reference Manual, "Keywords and Reserved Words";
 * MariaDB, "Reserved Words".
 */

const BOTH = words(`
  accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade case change char character check
  collate column condition constraint continue convert create cross current_date current_time current_timestamp current_user cursor
  databases day_hour day_microsecond day_minute day_second dec decimal declare default delayed delete desc describe deterministic distinct
  distinctrow div double drop dual each else elseif enclosed escaped except exists exit explain false fetch float float4 float8 for force
  foreign from fulltext grant group having high_priority hour_microsecond hour_minute hour_second if ignore in index infile inner inout
  insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into is iterate join key keys kill leading leave left like limit
  linear lines load localtime localtimestamp lock long longblob longtext loop low_priority master_ssl_verify_server_cert match maxvalue
  mediumblob mediumint mediumtext middleint minute_microsecond minute_second mod modifies natural no_write_to_binlog not null numeric on
  optimize optionally or order out outer outfile over partition precision primary procedure purge range read reads read_write real
  recursive references regexp release rename repeat replace require resignal restrict return revoke right rlike row_number rows schemas
  second_microsecond select sensitive separator set show signal smallint spatial specific sql sql_big_result sql_calc_found_rows
  sql_small_result sqlexception sqlstate sqlwarning ssl starting straight_join table terminated then tinyblob tinyint tinytext to trailing
  trigger true undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp values varbinary varchar varcharacter
  varying when where while with write xor year_month zerofill
`);

const MYSQL = words(`
  database generated get io_after_gtids io_before_gtids master_bind option optimizer_costs schema stored virtual
`);

const MYSQL_8 = words(`
  cube cume_dist dense_rank empty first_value function grouping groups json_table lag last_value lateral lead nth_value ntile of percent_rank
  rank row system window
`);

/** Reserved in MySQL since 8.0, and not before. */
const NOT_BEFORE_MYSQL_8 = words('except intersect over recursive row_number rows');

/** Reserved in MySQL since 8.4. */
const MYSQL_84 = words('manual parallel qualify tablesample');

/** Reserved in MySQL since 9.4. */
const MYSQL_94 = words('external library');

const MARIADB = words(`
  current_role delete_domain_id do_domain_ids ignore_domain_ids master_demote_to_replica master_demote_to_slave offset page_checksum
  parse_vcol_expr portion ref_system_id returning stats_auto_recalc stats_persistent stats_sample_pages
`);

/** Built-in functions whose names are keywords where a parenthesis follows at once, and names elsewhere: "Function Name Parsing and Resolution". */
export const DIRECT_FUNCTIONS = words(`
  adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat json_arrayagg json_objectagg max mid min now
  position session_user std stddev stddev_pop stddev_samp subdate substr substring sum sysdate system_user trim variance var_pop var_samp
`);

/** Those of them that may name a table even where a parenthesis follows. */
const NAMES_ALL_THE_SAME = words('adddate session_user subdate sysdate system_user');

/**
 * Functions that are written with a keyword of the grammar, besides those above: the same name in quotes is not that function. Some of
 * the keywords are reserved, and still begin a call.
 */
export const KEYWORD_FUNCTIONS = words(`
  ascii avg char charset coalesce collation contains convert cume_dist current_date current_role current_time current_timestamp current_user
  database date day dense_rank exists first_value format get_format grouping hour if insert interval json_table json_value lag last_value lead
  left localtime localtimestamp match microsecond minute mod month nth_value ntile old_password password percent_rank quarter rank repeat
  replace reverse right row row_count row_number schema second time timestamp timestampadd timestampdiff truncate user utc_date utc_time
  utc_timestamp value values week weight_string year
`);

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** The word at `ahead` is reserved on this server: not a name. */
export function isReserved(cursor: TokenCursor, ahead = 0): boolean {
  const { text } = cursor.peek(ahead);
  const { flavour, serverVersion } = cursor.state;
  if (DIRECT_FUNCTIONS.has(text)) return !NAMES_ALL_THE_SAME.has(text) && cursor.isDirectCall(ahead);
  if (flavour === 'mariadb') return BOTH.has(text) || MARIADB.has(text);
  if (serverVersion < 80_000) return (BOTH.has(text) && !NOT_BEFORE_MYSQL_8.has(text)) || MYSQL.has(text);
  if (BOTH.has(text) || MYSQL.has(text) || MYSQL_8.has(text)) return true;
  return (serverVersion >= 80_400 && MYSQL_84.has(text)) || (serverVersion >= 90_400 && MYSQL_94.has(text));
}
