import { joinName } from '@sqlwarden/core';
import type { CatalogueRelation } from '@sqlwarden/core';
import { COMPATIBILITY_VIEWS } from './compatibility-views.js';
import { SERVER_VIEWS } from './server-views.js';
import type { Synonym } from './synonyms.js';

/**
 * The catalog views that people and tools read most ("System Catalog Views", "System Information Schema Views"), for catalogues that are made without
 * a server. Their columns in the order of SQL Server 2022, as far as they are documented.
 */

const OBJECT = `name object_id principal_id schema_id parent_object_id type type_desc create_date modify_date is_ms_shipped is_published
  is_schema_published`;

const COLUMN = `object_id name column_id system_type_id user_type_id max_length precision scale collation_name is_nullable is_ansi_padded is_rowguidcol
  is_identity is_computed is_filestream is_replicated is_non_sql_subscribed is_merge_published is_dts_replicated is_xml_document
  xml_collection_id default_object_id rule_object_id is_sparse is_column_set generated_always_type generated_always_type_desc
  encryption_type encryption_type_desc encryption_algorithm_name column_encryption_key_id column_encryption_key_database_name is_hidden
  is_masked graph_type graph_type_desc is_data_deletion_filter_column ledger_view_column_type ledger_view_column_type_desc
  is_dropped_ledger_column`;

const MODULE = `object_id definition uses_ansi_nulls uses_quoted_identifier is_schema_bound uses_database_collation is_recompiled
  null_on_null_input execute_as_principal_id uses_native_compilation inline_type is_inlineable`;

const PARAMETER = `object_id name parameter_id system_type_id user_type_id max_length precision scale is_output is_cursor_ref has_default_value
  is_xml_document default_value xml_collection_id is_readonly is_nullable encryption_type encryption_type_desc
  encryption_algorithm_name column_encryption_key_id column_encryption_key_database_name`;

const VIEW = `${OBJECT} is_replicated has_replication_filter has_opaque_metadata has_unchecked_assembly_data with_check_option
  is_date_correlation_view is_tracked_by_cdc has_snapshot ledger_view_type ledger_view_type_desc is_dropped_ledger_view`;

const SYS: Readonly<Record<string, string>> = {
  objects: OBJECT,
  all_objects: OBJECT,
  system_objects: OBJECT,
  procedures: `${OBJECT} is_auto_executed is_execution_replicated is_repl_serializable_only skips_repl_constraints`,
  views: VIEW,
  all_views: VIEW,
  system_views: VIEW,
  tables: `${OBJECT} lob_data_space_id filestream_data_space_id max_column_id_used lock_on_bulk_load uses_ansi_nulls is_replicated
    has_replication_filter is_merge_published is_sync_tran_subscribed has_unchecked_assembly_data text_in_row_limit
    large_value_types_out_of_row is_tracked_by_cdc lock_escalation lock_escalation_desc is_filetable is_memory_optimized durability
    durability_desc temporal_type temporal_type_desc history_table_id is_remote_data_archive_enabled is_external history_retention_period
    history_retention_period_unit history_retention_period_unit_desc is_node is_edge data_retention_period data_retention_period_unit
    data_retention_period_unit_desc ledger_type ledger_type_desc ledger_view_id is_dropped_ledger_table`,
  columns: COLUMN,
  all_columns: COLUMN,
  system_columns: COLUMN,
  identity_columns: `${COLUMN} seed_value increment_value last_value is_not_for_replication`,
  computed_columns: `${COLUMN} definition uses_database_collation is_persisted`,
  masked_columns: `${COLUMN} masking_function`,
  schemas: 'name schema_id principal_id',
  types: `name system_type_id user_type_id schema_id principal_id max_length precision scale collation_name is_nullable is_user_defined
    is_assembly_type default_object_id rule_object_id is_table_type`,
  indexes: `object_id name index_id type type_desc is_unique data_space_id ignore_dup_key is_primary_key is_unique_constraint fill_factor is_padded
    is_disabled is_hypothetical is_ignored_in_optimization allow_row_locks allow_page_locks has_filter filter_definition
    compression_delay suppress_dup_key_messages auto_created optimize_for_sequential_key`,
  index_columns: `object_id index_id index_column_id column_id key_ordinal partition_ordinal is_descending_key is_included_column
    column_store_order_ordinal`,
  foreign_keys: `${OBJECT} referenced_object_id key_index_id is_disabled is_not_for_replication is_not_trusted delete_referential_action
    delete_referential_action_desc update_referential_action update_referential_action_desc is_system_named`,
  foreign_key_columns:
    'constraint_object_id constraint_column_id parent_object_id parent_column_id referenced_object_id referenced_column_id',
  key_constraints: `${OBJECT} unique_index_id is_system_named is_enforced`,
  check_constraints: `${OBJECT} is_disabled is_not_for_replication is_not_trusted parent_column_id definition uses_database_collation is_system_named`,
  default_constraints: `${OBJECT} parent_column_id definition is_system_named`,
  sql_modules: MODULE,
  all_sql_modules: MODULE,
  system_sql_modules: MODULE,
  parameters: PARAMETER,
  all_parameters: PARAMETER,
  system_parameters: PARAMETER,
  triggers: `name object_id parent_class parent_class_desc parent_id type type_desc create_date modify_date is_ms_shipped is_disabled
    is_not_for_replication is_instead_of_trigger`,
  synonyms: `${OBJECT} base_object_name`,
  extended_properties: 'class class_desc major_id minor_id name value',
  partitions: `partition_id object_id index_id partition_number hobt_id rows filestream_filegroup_id data_compression data_compression_desc
    xml_compression xml_compression_desc`,
  allocation_units: 'allocation_unit_id type type_desc container_id data_space_id total_pages used_pages data_pages',
  stats: `object_id name stats_id auto_created user_created no_recompute has_filter filter_definition is_temporary is_incremental
    has_persisted_sample stats_generation_method stats_generation_method_desc auto_drop`,
  table_types: `name system_type_id user_type_id schema_id principal_id max_length precision scale collation_name is_nullable is_user_defined
    is_assembly_type default_object_id rule_object_id is_table_type type_table_object_id is_memory_optimized`,
  sql_expression_dependencies: `referencing_id referencing_minor_id referencing_class referencing_class_desc is_schema_bound_reference referenced_class
    referenced_class_desc referenced_server_name referenced_database_name referenced_schema_name referenced_entity_name referenced_id
    referenced_minor_id is_caller_dependent is_ambiguous`,
  sequences: `${OBJECT} start_value increment minimum_value maximum_value is_cycling is_cached cache_size system_type_id user_type_id precision
    scale current_value is_exhausted last_used_value`,
  assembly_types: `name system_type_id user_type_id schema_id principal_id max_length precision scale collation_name is_nullable is_user_defined
    is_assembly_type default_object_id rule_object_id assembly_id assembly_class is_binary_ordered is_fixed_length prog_id
    assembly_qualified_name is_table_type`,
  assemblies:
    'name principal_id assembly_id clr_name permission_set permission_set_desc is_visible create_date modify_date is_user_defined',
  assembly_modules: 'object_id assembly_id assembly_class assembly_method null_on_null_input execute_as_principal_id',
  numbered_procedures: 'object_id procedure_number definition',
  trigger_events: 'object_id type type_desc is_first is_last event_group_type event_group_type_desc is_trigger_event',
  events: 'object_id type type_desc is_trigger_event event_group_type event_group_type_desc',
  periods: 'name period_type period_type_desc object_id start_column_id end_column_id',
  internal_tables: `${OBJECT} internal_type internal_type_desc parent_id parent_minor_id lob_data_space_id filestream_data_space_id`,
  stats_columns: 'object_id stats_id stats_column_id column_id',
  partition_range_values: 'function_id boundary_id parameter_id value',
  sql_dependencies: `class class_desc object_id column_id referenced_major_id referenced_minor_id is_selected is_updated is_select_all`,
  xml_schema_collections: 'xml_collection_id schema_id principal_id name create_date modify_date',
  change_tracking_tables: `object_id is_track_columns_updated_on min_valid_version begin_version cleanup_version`,
  fulltext_indexes: `object_id unique_index_id fulltext_catalog_id is_enabled change_tracking_state change_tracking_state_desc has_crawl_completed
    crawl_type crawl_type_desc crawl_start_date crawl_end_date incremental_timestamp stoplist_id property_list_id data_space_id`,
  fulltext_index_columns: 'object_id column_id type_column_id language_id statistical_semantics',
  fulltext_catalogs: `fulltext_catalog_id name path is_default is_accent_sensitivity_on data_space_id file_id principal_id is_importing`,
  security_policies: `${OBJECT} is_enabled is_not_for_replication uses_database_collation is_schema_bound`,
  ...SERVER_VIEWS,
  ...COMPATIBILITY_VIEWS,
};

const ROUTINE_TYPE = `data_type character_maximum_length character_octet_length collation_catalog collation_schema collation_name character_set_catalog
  character_set_schema character_set_name numeric_precision numeric_precision_radix numeric_scale datetime_precision interval_type
  interval_precision`;

const INFORMATION: Readonly<Record<string, string>> = {
  schemata: 'catalog_name schema_name schema_owner default_character_set_catalog default_character_set_schema default_character_set_name',
  tables: 'table_catalog table_schema table_name table_type',
  columns: `table_catalog table_schema table_name column_name ordinal_position column_default is_nullable data_type character_maximum_length
    character_octet_length numeric_precision numeric_precision_radix numeric_scale datetime_precision character_set_catalog
    character_set_schema character_set_name collation_catalog collation_schema collation_name domain_catalog domain_schema domain_name`,
  views: 'table_catalog table_schema table_name view_definition check_option is_updatable',
  table_constraints: `constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name constraint_type is_deferrable
    initially_deferred`,
  key_column_usage:
    'constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name column_name ordinal_position',
  constraint_column_usage: 'table_catalog table_schema table_name column_name constraint_catalog constraint_schema constraint_name',
  constraint_table_usage: 'table_catalog table_schema table_name constraint_catalog constraint_schema constraint_name',
  referential_constraints: `constraint_catalog constraint_schema constraint_name unique_constraint_catalog unique_constraint_schema
    unique_constraint_name match_option update_rule delete_rule`,
  check_constraints: 'constraint_catalog constraint_schema constraint_name check_clause',
  table_privileges: 'grantor grantee table_catalog table_schema table_name privilege_type is_grantable',
  column_privileges: 'grantor grantee table_catalog table_schema table_name column_name privilege_type is_grantable',
  parameters: `specific_catalog specific_schema specific_name ordinal_position parameter_mode is_result as_locator parameter_name data_type
    character_maximum_length character_octet_length collation_catalog collation_schema collation_name character_set_catalog
    character_set_schema character_set_name numeric_precision numeric_precision_radix numeric_scale datetime_precision interval_type
    interval_precision user_defined_type_catalog user_defined_type_schema user_defined_type_name scope_catalog scope_schema scope_name`,
  routines: `specific_catalog specific_schema specific_name routine_catalog routine_schema routine_name routine_type module_catalog module_schema
    module_name udt_catalog udt_schema udt_name ${ROUTINE_TYPE} type_udt_catalog type_udt_schema type_udt_name scope_catalog scope_schema
    scope_name maximum_cardinality dtd_identifier routine_body routine_definition external_name external_language parameter_style
    is_deterministic sql_data_access is_null_call sql_path schema_level_routine max_dynamic_result_sets is_user_defined_cast
    is_implicitly_invocable created last_altered`,
  sequences: `sequence_catalog sequence_schema sequence_name data_type numeric_precision numeric_precision_radix numeric_scale start_value
    minimum_value maximum_value increment cycle_option declared_data_type declared_numeric_precision declared_numeric_scale`,
  domains: `domain_catalog domain_schema domain_name ${ROUTINE_TYPE} domain_default`,
};

/** What `dbo` has of the views that were tables of `dbo` once; a name that is taken is taken. */
export function compatibilitySynonyms(relations: ReadonlyMap<string, unknown>): Synonym[] {
  return Object.keys(COMPATIBILITY_VIEWS)
    .filter((name) => relations.has(joinName('sys', name)) && !relations.has(joinName('dbo', name)))
    .map((name, at) => ({ id: FIRST_COMPATIBILITY_ID - at, schema: 'dbo', name, base: ['sys', name] }));
}

/** They are no objects of their own: below the numbers of those of the system. */
const FIRST_COMPATIBILITY_ID = -2_000_000_000;

/** Numbered downwards from -1. */
export function systemRelations(): readonly CatalogueRelation[] {
  const all = [...listed('sys', SYS), ...listed('information_schema', INFORMATION)];
  return all.map((relation, at) => ({ ...relation, id: -1 - at }));
}

function listed(schema: string, lists: Readonly<Record<string, string>>): CatalogueRelation[] {
  return Object.entries(lists).map(([name, columns]) => ({
    id: 0,
    schema,
    name,
    kind: 'system',
    columns: columns
      .split(/\s+/)
      .map((column, position) => ({ name: column, number: position + 1, type: 'unknown', typeId: 0, notNull: false })),
    parents: [],
    hasTriggers: false,
  }));
}
