/**
 * Functions that compute a value from their arguments, the time and the session, and do nothing else ("Functions and Operators" of the MySQL
 * Reference Manual 8.4 and 9.x; "Built-in Functions" of MariaDB's documentation). Names are lower case, separated by blanks.
 *
 * A function is total where a query never fails for the value of an argument: most answer NULL with a warning to what they cannot use. That a
 * strict SQL mode makes errors of such warnings while rows are written tells nothing beyond what the write itself already uses. Not total:
 * what leaves the range of BIGINT or DOUBLE, patterns, paths, and documents.
 */

/** Never fail, whatever the arguments. */
export const TOTAL = {
  both: `
    ascii bin bit_length char char_length character_length charset coalesce coercibility collation concat concat_ws conv convert elt
    export_set field find_in_set from_base64 hex insert instr left length locate lpad ltrim make_set mid oct octet_length ord position quote
    repeat replace reverse right rpad rtrim soundex space strcmp substr substring substring_index to_base64 trim unhex weight_string
    greatest if ifnull interval isnull least nullif
    acos asin atan atan2 ceil ceiling cos crc32 floor ln log log10 log2 mod pi sign sin sqrt radians
    adddate addtime convert_tz curdate current_date current_time current_timestamp curtime date date_add date_format date_sub datediff day
    dayname dayofmonth dayofweek dayofyear extract from_days from_unixtime get_format hour last_day localtime localtimestamp makedate
    maketime microsecond minute month monthname now quarter sec_to_time second str_to_date subdate subtime time time_format
    time_to_sec timediff timestamp timestampadd timestampdiff to_days to_seconds unix_timestamp utc_date utc_time utc_timestamp week weekday
    weekofyear year yearweek
    connection_id current_role current_user database found_rows row_count schema session_user system_user user version
    bit_count inet6_aton inet6_ntoa inet_aton inet_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6
    aes_decrypt aes_encrypt compress md5 sha sha1 sha2 uncompress uncompressed_length
    json_array json_quote json_valid`,
  mysql: 'any_value is_uuid grouping icu_version ps_current_thread_id',
  mariadb: `
    chr concat_operator_oracle decode_oracle lengthb lpad_oracle ltrim_oracle nvl nvl2 replace_oracle rpad_oracle rtrim_oracle
    substr_oracle trim_oracle add_months crc32c encode decode encrypt des_encrypt des_decrypt old_password password natural_sort_key rownum
    json_exists json_compact json_loose json_detailed json_equals json_normalize schemas`,
} as const;

/** May fail for some arguments. */
export const PARTIAL = {
  both: `
    abs cot degrees exp pow power round tan truncate name_const period_add period_diff format
    extractvalue updatexml match regexp_instr regexp_replace regexp_substr
    json_array_append json_array_insert json_contains json_contains_path json_depth json_extract json_insert json_keys json_length
    json_merge json_merge_patch json_merge_preserve json_object json_overlaps json_pretty json_remove json_replace json_schema_valid
    json_search json_set json_type json_unquote json_value last_value
    format_bytes format_pico_time
    geometrycollection linestring multilinestring multipoint multipolygon point polygon
    mbrcontains mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin
    st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_buffer st_centroid st_contains st_convexhull st_crosses st_difference
    st_dimension st_disjoint st_distance st_distance_sphere st_endpoint st_envelope st_equals st_exteriorring st_geomcollfromtext
    st_geomcollfromwkb st_geometrycollectionfromtext st_geometrycollectionfromwkb st_geometryfromtext st_geometryfromwkb st_geometryn
    st_geometrytype st_geomfromgeojson st_geomfromtext st_geomfromwkb st_interiorringn st_intersection st_intersects st_isclosed st_isempty
    st_issimple st_length st_linefromtext st_linefromwkb st_linestringfromtext st_linestringfromwkb st_mlinefromtext st_mlinefromwkb
    st_mpointfromtext st_mpointfromwkb st_mpolyfromtext st_mpolyfromwkb st_multilinestringfromtext st_multilinestringfromwkb
    st_multipointfromtext st_multipointfromwkb st_multipolygonfromtext st_multipolygonfromwkb st_numgeometries st_numinteriorrings
    st_numpoints st_overlaps st_pointfromtext st_pointfromwkb st_pointn st_polyfromtext st_polyfromwkb st_polygonfromtext
    st_polygonfromwkb st_srid st_startpoint st_symdifference st_touches st_union st_within st_x st_y`,
  mysql: `
    bin_to_uuid uuid_to_bin gtid_subset gtid_subtract json_schema_validation_report json_storage_free json_storage_size ps_thread_id
    regexp_like roles_graphml statement_digest statement_digest_text validate_password_strength
    string_to_vector to_vector vector_to_string from_vector vector_dim distance vector_distance
    geomcollection mbrcoveredby mbrcovers st_buffer_strategy st_frechetdistance st_geohash st_geomcollfromtxt st_hausdorffdistance st_isvalid
    st_latfromgeohash st_latitude st_lineinterpolatepoint st_lineinterpolatepoints st_longfromgeohash st_longitude st_makeenvelope
    st_numinteriorring st_pointatdistance st_pointfromgeohash st_simplify st_swapxy st_transform st_validate`,
  mariadb: `
    column_add column_check column_create column_delete column_exists column_get column_json column_list decode_histogram
    json_array_intersect json_key_value json_object_filter_keys json_object_to_array json_query kdf mbrequal months_between
    sformat to_char to_date to_number trunc vec_distance vec_distance_cosine vec_distance_euclidean vec_fromtext vec_totext
    area asbinary astext aswkb aswkt boundary buffer centroid contains convexhull crosses dimension disjoint endpoint envelope equals
    exteriorring geomcollfromtext geomcollfromwkb geometrycollectionfromtext geometrycollectionfromwkb geometryfromtext geometryfromwkb
    geometryn geometrytype geomfromtext geomfromwkb glength interiorringn intersects isclosed isempty isring issimple linefromtext
    linefromwkb linestringfromtext linestringfromwkb mlinefromtext mlinefromwkb mpointfromtext mpointfromwkb mpolyfromtext mpolyfromwkb
    multilinestringfromtext multilinestringfromwkb multipointfromtext multipointfromwkb multipolygonfromtext multipolygonfromwkb
    numgeometries numinteriorrings numpoints overlaps pointfromtext pointfromwkb pointn pointonsurface polyfromtext polyfromwkb
    polygonfromtext polygonfromwkb srid startpoint st_boundary st_isring st_pointonsurface st_relate touches within x y
    st_geohash st_isvalid st_latfromgeohash st_longfromgeohash st_pointfromgeohash st_simplify st_validate mbrcoveredby`,
} as const;

/** Those of the list above that fail only for values of their other arguments: lengths, patterns, paths. */
export const TOTAL_AT: Readonly<Record<string, readonly number[]>> = {
  format: [0],
  match: [0],
  regexp_instr: [0],
  regexp_like: [0],
  regexp_replace: [0, 2],
  regexp_substr: [0],
  json_object: [1],
};

export const AGGREGATES = {
  both: `avg bit_and bit_or bit_xor count group_concat json_arrayagg json_objectagg max min std stddev stddev_pop stddev_samp sum var_pop
    var_samp variance`,
  mysql: 'st_collect',
  mariadb: 'median percentile_cont percentile_disc st_collect',
} as const;

export const WINDOWS = {
  both: 'cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number',
  mysql: '',
  mariadb: '',
} as const;
