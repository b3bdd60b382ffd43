/**
 * Built-in functions that compute a value from their arguments, the time, the session and the catalogue, and do nothing else ("What are the SQL
 * database functions?", SQL Server 2016 to 2025). Names are lower case, separated by blanks.
 *
 * A function is total where it never fails for the value of an argument. Everything has a text, so that functions of strings are total; what
 * converts to a number or a date, leaves the range of its type, or parses, is not.
 */

/** Never fail, whatever the arguments. */
export const TOTAL = `
  ascii concat concat_ws difference len lower ltrim patindex quotename replace reverse rtrim soundex trim unicode upper
  datalength isdate isjson isnumeric iif isnull coalesce nullif
  binary_checksum checksum compress hashbytes base64_encode bit_count
  getdate getutcdate sysdatetime sysdatetimeoffset sysutcdatetime current_timestamp current_date current_timezone current_timezone_id
  pi newid newsequentialid rand app_name host_id host_name current_user session_user system_user user
  original_login original_db_name db_id schema_id object_id type_id typeproperty col_length columnproperty columns_updated
  databasepropertyex databaseproperty database_principal_id serverproperty sessionproperty session_context context_info session_id
  current_request_id current_transaction_id connectionproperty error_line error_number error_procedure error_severity error_state
  xact_state scope_identity ident_current ident_incr ident_seed rowcount_big getansinull min_active_rowversion trigger_nestlevel
  has_dbaccess has_perms_by_name is_member is_rolemember is_srvrolemember permissions loginproperty
  applock_mode applock_test assemblyproperty file_id file_idex filegroup_id filegroupproperty fileproperty
  filepropertyex fulltextcatalogproperty fulltextserviceproperty indexproperty objectproperty
  objectpropertyex stats_date sql_variant_property collationproperty tertiary_weights version publishingservername
  cursor_status textptr textvalid get_filestream_transaction_context change_tracking_current_version change_tracking_min_valid_version
  change_tracking_is_column_in_mask is_objectsigned cert_id certencoded certproperty key_guid key_id key_name asymkey_id asymkeyproperty
  symkeyproperty try_cast try_convert try_parse grouping grouping_id eventdata
  edge_id_from_parts graph_id_from_edge_id graph_id_from_node_id node_id_from_parts object_id_from_edge_id object_id_from_node_id`;

/** May fail for some arguments. */
export const PARTIAL = `
  charindex nchar user_name user_id suser_id suser_name suser_sid suser_sname db_name schema_name
  object_name object_schema_name object_definition type_name col_name parsename index_col indexkey_property file_name filegroup_name choose
  char format left right replicate space str string_escape stuff substring substr translate formatmessage unistr
  regexp_count regexp_instr regexp_like regexp_replace regexp_substr edit_distance edit_distance_similarity jaro_winkler_distance
  jaro_winkler_similarity
  abs acos asin atan atan2 atn2 ceiling cos cot degrees exp floor log log10 power radians round sign sin sqrt square tan ceil ln mod
  cast convert parse
  dateadd date_bucket datediff datediff_big datefromparts datename datepart datetime2fromparts datetimefromparts
  datetimeoffsetfromparts datetrunc day eomonth month smalldatetimefromparts switchoffset timefromparts todatetimeoffset year
  decompress base64_decode greatest least get_bit left_shift right_shift set_bit
  json_array json_contains json_modify json_object json_path_exists json_query json_value json_array_append
  decryptbyasymkey decryptbycert decryptbykey decryptbykeyautoasymkey decryptbykeyautocert decryptbypassphrase encryptbyasymkey
  encryptbycert encryptbykey encryptbypassphrase signbyasymkey signbycert verifysignedbyasymkey verifysignedbycert crypt_gen_random
  pwdcompare pwdencrypt
  vector_distance vector_norm vector_normalize vectorproperty product
  filetablerootpath getfilenamespacepath getpathlocator
  curdate curtime current_time dayname dayofmonth dayofweek hour minute second monthname quarter week timestampadd timestampdiff
  bit_length octet_length character_length char_length locate ucase lcase insert ifnull truncate database extract`;

/** Those of the list above that fail only for values of their other arguments: lengths, patterns, cultures. */
export const TOTAL_AT: Readonly<Record<string, readonly number[]>> = {
  charindex: [0, 1],
  parsename: [0],
  user_id: [0],
  suser_id: [0],
  suser_sid: [0],
  format: [0],
  left: [0],
  right: [0],
  replicate: [0],
  string_escape: [0],
  stuff: [0, 3],
  substring: [0],
  translate: [0],
  regexp_count: [0],
  regexp_instr: [0],
  regexp_like: [0],
  regexp_replace: [0],
  regexp_substr: [0],
};

/** Functions that fail for what is no date. */
export const OF_DATES: ReadonlySet<string> = new Set(
  'dateadd date_bucket datediff datediff_big datename datepart datetrunc day eomonth month year'.split(' '),
);

/** Functions whose result is a string, whatever they are given. */
export const STRING_RESULTS: ReadonlySet<string> = new Set(
  `concat concat_ws format left right lower upper ltrim rtrim trim quotename replace replicate reverse space str string_agg string_escape stuff
  substring translate datename`.split(/\s+/),
);

/** Functions whose result is a number, whatever they are given. */
export const NUMBER_RESULTS: ReadonlySet<string> = new Set(
  `count count_big sum avg stdev stdevp var varp len datalength charindex patindex ascii unicode datediff datediff_big datepart day month year
  row_number rank dense_rank ntile abs ceiling floor round power sqrt square sign isnumeric isdate checksum binary_checksum difference`.split(
    /\s+/,
  ),
);

export const AGGREGATES_TOTAL = 'max min stdev stdevp var varp approx_count_distinct checksum_agg any_value';
/** Sums leave the range of their type, concatenations the length of theirs. */
export const AGGREGATES_PARTIAL = `sum avg string_agg json_arrayagg json_objectagg approx_percentile_cont approx_percentile_disc percentile_cont
  percentile_disc`;

export const WINDOWS = 'cume_dist dense_rank first_value lag last_value lead ntile percent_rank rank row_number';
