import type { CatalogueRelation } from '@sqlwarden/core';

/**
 * The catalog views that people and tools read most ("System Catalog Views", "System Information Schema Views"), for catalogues that are made without
 * a server. Their columns in the order of SQL Server 2022, as far as they are documented.
 */

const OBJECT = `name object_id principal_id schema_id parent_object_id type type_desc create_date modify_date is_ms_shipped is_published
  is_schema_published`;

const SYS: Readonly<Record<string, string>> = {
  objects: OBJECT,
  all_objects: OBJECT,
  system_objects: OBJECT,
  procedures: `${OBJECT} is_auto_executed is_execution_replicated is_repl_serializable_only skips_repl_constraints`,
  views: `${OBJECT} is_replicated has_replication_filter has_opaque_metadata has_unchecked_assembly_data with_check_option
    is_date_correlation_view is_tracked_by_cdc has_snapshot ledger_view_type ledger_view_type_desc is_dropped_ledger_view`,
  tables: `${OBJECT} lob_data_space_id filestream_data_space_id max_column_id_used lock_on_bulk_load uses_ansi_nulls is_replicated
    has_replication_filter is_merge_published is_sync_tran_subscribed has_unchecked_assembly_data text_in_row_limit
    large_value_types_out_of_row is_tracked_by_cdc lock_escalation lock_escalation_desc is_filetable is_memory_optimized durability
    durability_desc temporal_type temporal_type_desc history_table_id is_remote_data_archive_enabled is_external history_retention_period
    history_retention_period_unit history_retention_period_unit_desc is_node is_edge data_retention_period data_retention_period_unit
    data_retention_period_unit_desc ledger_type ledger_type_desc ledger_view_id is_dropped_ledger_table`,
  columns: `object_id name column_id system_type_id user_type_id max_length precision scale collation_name is_nullable is_ansi_padded is_rowguidcol
    is_identity is_computed is_filestream is_replicated is_non_sql_subscribed is_merge_published is_dts_replicated is_xml_document
    xml_collection_id default_object_id rule_object_id is_sparse is_column_set generated_always_type generated_always_type_desc
    encryption_type encryption_type_desc encryption_algorithm_name column_encryption_key_id column_encryption_key_database_name is_hidden
    is_masked graph_type graph_type_desc is_data_deletion_filter_column ledger_view_column_type ledger_view_column_type_desc
    is_dropped_ledger_column`,
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
  sql_modules: `object_id definition uses_ansi_nulls uses_quoted_identifier is_schema_bound uses_database_collation is_recompiled
    null_on_null_input execute_as_principal_id uses_native_compilation inline_type is_inlineable`,
  parameters: `object_id name parameter_id system_type_id user_type_id max_length precision scale is_output is_cursor_ref has_default_value
    is_xml_document default_value xml_collection_id is_readonly is_nullable encryption_type encryption_type_desc
    encryption_algorithm_name column_encryption_key_id column_encryption_key_database_name`,
  triggers: `name object_id parent_class parent_class_desc parent_id type type_desc create_date modify_date is_ms_shipped is_disabled
    is_not_for_replication is_instead_of_trigger`,
  synonyms: `${OBJECT} base_object_name`,
  extended_properties: 'class class_desc major_id minor_id name value',
  partitions: `partition_id object_id index_id partition_number hobt_id rows filestream_filegroup_id data_compression data_compression_desc
    xml_compression xml_compression_desc`,
  allocation_units: 'allocation_unit_id type type_desc container_id data_space_id total_pages used_pages data_pages',
  stats: `object_id name stats_id auto_created user_created no_recompute has_filter filter_definition is_temporary is_incremental
    has_persisted_sample stats_generation_method stats_generation_method_desc auto_drop`,
  filegroups: `name data_space_id type type_desc is_default is_system filegroup_guid log_filegroup_id is_read_only is_autogrow_all_files`,
  configurations: 'configuration_id name value minimum maximum value_in_use description is_dynamic is_advanced',
  database_principals: `name principal_id type type_desc default_schema_name create_date modify_date owning_principal_id sid is_fixed_role
    authentication_type authentication_type_desc default_language_name default_language_lcid allow_encrypted_value_modifications`,
  database_role_members: 'role_principal_id member_principal_id',
  database_permissions: `class class_desc major_id minor_id grantee_principal_id grantor_principal_id type permission_name state state_desc`,
  server_principals: `name principal_id sid type type_desc is_disabled create_date modify_date default_database_name default_language_name
    credential_id owning_principal_id is_fixed_role tenant_id`,
  table_types: `name system_type_id user_type_id schema_id principal_id max_length precision scale collation_name is_nullable is_user_defined
    is_assembly_type default_object_id rule_object_id is_table_type type_table_object_id is_memory_optimized`,
  sql_expression_dependencies: `referencing_id referencing_minor_id referencing_class referencing_class_desc is_schema_bound_reference referenced_class
    referenced_class_desc referenced_server_name referenced_database_name referenced_schema_name referenced_entity_name referenced_id
    referenced_minor_id is_caller_dependent is_ambiguous`,
  dm_db_partition_stats: `partition_id object_id index_id partition_number in_row_data_page_count in_row_used_page_count in_row_reserved_page_count
    lob_used_page_count lob_reserved_page_count row_overflow_used_page_count row_overflow_reserved_page_count used_page_count
    reserved_page_count row_count`,
  sysobjects: `name id xtype uid info status base_schema_ver replinfo parent_obj crdate ftcatid schema_ver stats_schema_ver type userstat sysstat
    indexdel refdate version deltrig instrig updtrig seltrig category cache`,
  sysforeignkeys: 'constid fkeyid rkeyid fkey rkey keyno',
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
