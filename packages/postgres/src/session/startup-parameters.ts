import { INTENT_FIELDS, INTENT_FORMS, isIntentField, isIntentValue } from '@sqlwarden/core';

/** Startup parameters as the session accepted them. */
export interface AcceptedStartup {
  readonly kind: 'accepted';
  readonly user: string;
  readonly database: string;
  /** What is sent on to the server besides user and database; `client_encoding` is always UTF8. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Names of protocol options (`_pq_.…`) that are not known: to be negotiated away. */
  readonly unrecognised: readonly string[];
  /** How long the secret of the client's cancel key is, by its protocol version ("Protocol Versions"). */
  readonly secretBytes: 4 | 32;
}

export type StartupCheck = AcceptedStartup | { readonly kind: 'refused'; readonly message: string };

/**
 * Settings that a client may give at start-up, by lower-case name, with the server's spelling. Everything that changes how text or names
 * are read is either here because it is observed afterwards (search_path) or left out. The rest is how values are shown, how long things
 * may take, and what the planner prefers: what drivers, ORMs and tools send, in the order of "Server Configuration".
 */
const ALLOWED = new Map(
  [
    'application_name',
    'DateStyle',
    'IntervalStyle',
    'TimeZone',
    'extra_float_digits',
    'bytea_output',
    'xmlbinary',
    'lc_monetary',
    'lc_numeric',
    'lc_time',
    'default_text_search_config',
    'client_min_messages',
    'search_path',
    'statement_timeout',
    'lock_timeout',
    'transaction_timeout',
    'idle_in_transaction_session_timeout',
    'idle_session_timeout',
    'tcp_keepalives_idle',
    'tcp_keepalives_interval',
    'tcp_keepalives_count',
    'tcp_user_timeout',
    'client_connection_check_interval',
    'default_transaction_isolation',
    'default_transaction_read_only',
    'default_transaction_deferrable',
    'synchronous_commit',
    'default_tablespace',
    'default_table_access_method',
    'temp_tablespaces',
    'work_mem',
    'maintenance_work_mem',
    'temp_buffers',
    'hash_mem_multiplier',
    'effective_cache_size',
    'effective_io_concurrency',
    'random_page_cost',
    'seq_page_cost',
    'cpu_tuple_cost',
    'cpu_index_tuple_cost',
    'cpu_operator_cost',
    'cursor_tuple_fraction',
    'default_statistics_target',
    'from_collapse_limit',
    'join_collapse_limit',
    'constraint_exclusion',
    'plan_cache_mode',
    'geqo',
    'geqo_threshold',
    'jit',
    'jit_above_cost',
    'max_parallel_workers',
    'max_parallel_workers_per_gather',
    'parallel_leader_participation',
    'parallel_setup_cost',
    'parallel_tuple_cost',
    'enable_bitmapscan',
    'enable_hashagg',
    'enable_hashjoin',
    'enable_indexonlyscan',
    'enable_indexscan',
    'enable_material',
    'enable_memoize',
    'enable_mergejoin',
    'enable_nestloop',
    'enable_partition_pruning',
    'enable_partitionwise_aggregate',
    'enable_partitionwise_join',
    'enable_seqscan',
    'enable_sort',
    'enable_tidscan',
    ...INTENT_FIELDS.map((field) => `sqlwarden.${field}`),
  ].map((name) => [name.toLowerCase(), name]),
);

/** Settings that some drivers give although it is the default; any other value is refused. */
const ONLY = new Map([['standard_conforming_strings', /^(?:on|true|yes|1)$/i]]);

/**
 * Checks the parameters of a StartupMessage against the allow-list; `options` may set the same names by `-c name=value` or
 * `--name=value`. A message names the parameter that it refuses, never its value.
 */
export function checkStartup(given: ReadonlyMap<string, string>, minorVersion = 0): StartupCheck {
  const user = given.get('user');
  if (user === undefined || user === '') return refused('no user name was given, set user');
  const parameters = new Map<string, string>();
  const unrecognised: string[] = [];
  for (const [name, value] of given) {
    if (name === 'user' || name === 'database') continue;
    if (name.startsWith('_pq_.')) unrecognised.push(name);
    else if (name === 'options') {
      const problem = takeOptions(value, parameters);
      if (problem !== undefined) return refused(problem);
    } else {
      const problem = takeParameter(name, value, parameters);
      if (problem !== undefined) return refused(problem);
    }
  }
  parameters.set('client_encoding', 'UTF8');
  const secretBytes = minorVersion >= 2 ? 32 : 4;
  return { kind: 'accepted', user, database: given.get('database') || user, parameters, unrecognised, secretBytes };
}

function refused(message: string): StartupCheck {
  return { kind: 'refused', message };
}

function takeParameter(name: string, value: string, parameters: Map<string, string>): string | undefined {
  const key = name.toLowerCase();
  if (key === 'client_encoding') return isUtf8(value) ? undefined : 'client_encoding must be UTF8';
  if (key === 'replication') return /^(?:false|off|no|0)$/i.test(value) ? undefined : 'replication connections are not supported';
  const only = ONLY.get(key);
  if (only !== undefined) return only.test(value) ? undefined : `startup parameter ${key} must be left at its default, leave it out`;
  const field = key.startsWith('sqlwarden.') ? key.slice('sqlwarden.'.length) : '';
  if (isIntentField(field) && !isIntentValue(field, value)) return `startup parameter ${key} must be ${INTENT_FORMS[field]}`;
  const spelling = ALLOWED.get(key);
  if (spelling === undefined) return `startup parameter ${shown(name)} is not supported, leave it out or set it by a statement`;
  parameters.set(spelling, value);
  return undefined;
}

/** PostgreSQL compares encoding names by their letters and digits only. */
function isUtf8(value: string): boolean {
  const name = value.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();
  return name === 'utf8' || name === 'unicode';
}

function shown(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_.]{0,62}$/.test(name) ? name : 'with an unusual name';
}

/** Splits as the server does (blanks separate, a backslash escapes) and takes each setting. Returns what is wrong, if anything. */
function takeOptions(text: string, parameters: Map<string, string>): string | undefined {
  const words = splitOptions(text);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const setting = word === '-c' ? words[++i] : word.startsWith('-c') || word.startsWith('--') ? word.slice(2) : undefined;
    const equals = setting?.indexOf('=') ?? -1;
    if (setting === undefined || equals <= 0) return 'options may only hold settings of the form -c name=value';
    const name = setting.slice(0, equals).replaceAll('-', '_');
    const problem = takeParameter(name, setting.slice(equals + 1), parameters);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function splitOptions(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    let character = text[i] as string;
    if (/[ \t\n\v\f\r]/.test(character)) {
      if (inside) words.push(word);
      word = '';
      inside = false;
      continue;
    }
    if (character === '\\' && i + 1 < text.length) character = text[++i] as string;
    word += character;
    inside = true;
  }
  if (inside) words.push(word);
  return words;
}
