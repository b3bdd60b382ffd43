import type { CannedAnswer, CannedItem, CannedRequest, CannedSqlServerColumn, CannedValue } from '@sqlwarden/testkit';

/** A database as the catalogue of a SQL Server tells of it. */
export interface CannedDatabase {
  readonly name: string;
  /** By schema and name; the columns as T-SQL declares them: `int not null`, `nvarchar(max)`. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly modules?: readonly CannedModule[];
  /** What synonyms stand for, by schema and name. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** Views of the system that statements may name, with their columns. */
  readonly systemViews?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Default `SQL_Latin1_General_CP1_CI_AS`. */
  readonly collation?: string;
  /** Roles of the database by login; a login that is not here has no user in it. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
}

/** A view, function, procedure or trigger. */
export interface CannedModule {
  /** Schema and name. */
  readonly name: string;
  /** As `sys.objects.type` has it. */
  readonly type: 'V' | 'P' | 'FN' | 'IF' | 'TF' | 'TR';
  /** Null: encrypted. */
  readonly definition: string | null;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Of views, and of functions that give tables. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Of triggers: the table. */
  readonly on?: string;
}

/** `sys.types`: the number of the type, and the length of those that have one length. */
const TYPES: Readonly<Record<string, readonly [id: number, bytes: number]>> = {
  bit: [104, 1],
  tinyint: [48, 1],
  smallint: [52, 2],
  int: [56, 4],
  bigint: [127, 8],
  decimal: [106, 17],
  numeric: [108, 17],
  money: [60, 8],
  smallmoney: [122, 4],
  real: [59, 4],
  float: [62, 8],
  date: [40, 3],
  time: [41, 5],
  datetime: [61, 8],
  datetime2: [42, 8],
  smalldatetime: [58, 4],
  datetimeoffset: [43, 10],
  uniqueidentifier: [36, 16],
  char: [175, 1],
  varchar: [167, 1],
  text: [35, 16],
  nchar: [239, 2],
  nvarchar: [231, 2],
  ntext: [99, 16],
  sysname: [231, 256],
  binary: [173, 1],
  varbinary: [165, 1],
  image: [34, 16],
  xml: [241, -1],
  sql_variant: [98, 8016],
  timestamp: [189, 8],
  geography: [240, -1],
};

const VARIABLE_LENGTH = /^n?(?:var)?char$|^(?:var)?binary$/;
const SCHEMAS = ['dbo', 'guest', 'INFORMATION_SCHEMA', 'sys'];

interface CannedObject {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  readonly system: boolean;
  readonly columns: Readonly<Record<string, string>>;
}

type Rows = readonly (readonly CannedValue[])[];

/**
 * What a canned SQL Server answers to what the gateway itself asks of a database: its catalogue, the state of the session, who has which role. Settings
 * that the state tells are those that the session has set in batches.
 */
export function cannedDatabase(database: CannedDatabase): readonly CannedAnswer[] {
  const objects = objectsOf(database);
  const idOf = new Map(objects.map(({ id, schema, name }) => [`${schema}.${name}`, id]));
  const modules = (database.modules ?? []).map((module) => ({ ...module, id: idOf.get(module.name) ?? 0 }));
  const { collation = 'SQL_Latin1_General_CP1_CI_AS', name, roles = {} } = database;
  const schemas = new Set([...SCHEMAS, ...objects.map(({ schema }) => schema)]);
  const told: readonly (readonly [asked: RegExp, rows: Rows])[] = [
    // In front of the others, whose tables it names, too.
    [/^\s*SELECT CONCAT\(\s*\(SELECT CONCAT\(COUNT_BIG/, [['the same']]],
    [/^\s*SELECT CONVERT\(nvarchar\(20\), SERVERPROPERTY/, [['16', name, 'dbo', 1, `${collation} ${collation} ${collation}`]]],
    [/^\s*SELECT name FROM sys\.schemas\s*$/, [...schemas].map((schema) => [schema])],
    [/FROM sys\.all_objects AS o\b/, objects.map(({ id, schema, name: own, type, system }) => [id, schema, own, type, system ? 1 : 0])],
    [/FROM sys\.all_columns AS c\b/, objects.flatMap(columnRows)],
    [/FROM sys\.computed_columns\s*$/, []],
    [/FROM sys\.sql_modules\s*$/, modules.map(({ id, definition }) => [id, definition, 1, 0])],
    [/FROM sys\.all_parameters WHERE/, modules.flatMap(parameterRows)],
    [/FROM sys\.synonyms\s*$/, Object.entries(database.synonyms ?? {}).map(([own, base]) => [idOf.get(own) ?? 0, base])],
    [/FROM sys\.foreign_keys AS k\b/, []],
    [/FROM sys\.tables WHERE history_table_id/, []],
    [/FROM sys\.triggers WHERE/, modules.flatMap(({ id, on }) => (on === undefined ? [] : [[id, idOf.get(on) ?? 0]]))],
    [/FROM sys\.table_types AS t\b/, []],
    [/FROM sys\.assembly_types AS t\b/, []],
  ];
  return [
    sessionState(collation),
    ...told.map(([when, rows]): CannedAnswer => ({ when, give: [table(rows)] })),
    {
      when: /^\s*WITH reached \(id\) AS/,
      give: ({ text }) => [
        table([['1', 0], ...(roles[/SUSER_SID\(N'((?:[^']|'')*)'/.exec(text)?.[1] ?? ''] ?? []).map((role) => [role, 1])]),
      ],
    },
    // Asked in TDS 7.1, where nothing else tells of transactions; none is open there.
    { when: 'SELECT @@TRANCOUNT', give: [table([[0]])] },
    { when: /^\s*SELECT CASE WHEN DATABASE_PRINCIPAL_ID/, give: [table([[1, 0, 0]])] },
  ];
}

function objectsOf({ tables, modules = [], synonyms = {}, systemViews = {} }: CannedDatabase): CannedObject[] {
  let id = 0;
  const object = (full: string, type: string, columns: Readonly<Record<string, string>> = {}, system = false): CannedObject => {
    const [schema = '', name = ''] = full.split(/\.(.*)/);
    id += 1;
    return { id: system ? -id : id, schema, name, type, system, columns };
  };
  return [
    ...Object.entries(tables).map(([name, columns]) => object(name, 'U ', columns)),
    ...modules.map(({ name, type, columns }) => object(name, type.padEnd(2), columns)),
    ...Object.keys(synonyms).map((name) => object(name, 'SN')),
    ...Object.entries(systemViews).map(([name, columns]) => object(name, 'V ', columns, true)),
  ];
}

function columnRows({ id, columns }: CannedObject): Rows {
  return Object.entries(columns).map(([name, declared], index) => {
    const type = typeOf(declared);
    return [id, index + 1, name, `sys.${type.name}`, type.number, type.bytes, /\bnot null\b/i.test(declared) ? 0 : 1, 0, 0, 0, 0, 0];
  });
}

function parameterRows({ id, parameters = {} }: CannedModule & { readonly id: number }): Rows {
  return Object.entries(parameters).map(([name, declared], index) => [
    id,
    index + 1,
    name,
    typeOf(declared).name,
    /\boutput\b/i.test(declared) ? 1 : 0,
  ]);
}

function typeOf(declared: string): { readonly name: string; readonly number: number; readonly bytes: number } {
  const [, name = '', length] = /^(\w+)\s*(?:\(\s*(\w+)[^)]*\))?/.exec(declared.toLowerCase()) ?? [];
  const [number, bytes] = TYPES[name] ?? [];
  if (number === undefined || bytes === undefined) throw new Error(`${declared}: not a type of a canned database`);
  if (!VARIABLE_LENGTH.test(name)) return { name, number, bytes };
  return { name, number, bytes: length === 'max' ? -1 : Number(length ?? 1) * bytes };
}

/** Every column as text, nullable: the gateway reads what it asks for as text, whatever its type. */
function table(rows: Rows): CannedItem {
  const width = rows[0]?.length ?? 1;
  const columns = Array.from({ length: width }, (_, at): CannedSqlServerColumn => ({ name: `c${at}`, type: typeOfCells(rows, at) }));
  return { kind: 'rows', columns, rows };
}

const typeOfCells = (rows: Rows, at: number): string => {
  const cells = rows.map((row) => row[at]);
  if (cells.every((cell) => cell === null || typeof cell === 'number')) return 'int';
  return cells.some((cell) => typeof cell === 'string' && cell.length > 4000) ? 'nvarchar(max)' : 'nvarchar(4000)';
};

/** Follows what batches set of QUOTED_IDENTIFIER and of the session context, by connection. */
function sessionState(collation: string): CannedAnswer {
  const quoted = new Map<number, string>();
  const context = new Map<string, string>();
  const observe = ({ kind, text, connection, reset }: CannedRequest): void => {
    if (reset !== 'no') {
      quoted.delete(connection);
      for (const key of context.keys()) if (key.startsWith(`${connection} `)) context.delete(key);
    }
    if (kind !== 'batch') return;
    const set = /\bset\s+quoted_identifier\s+(on|off)\b/i.exec(text)?.[1];
    if (set !== undefined) quoted.set(connection, set.toLowerCase() === 'on' ? '1' : '0');
    const [, key, value] = /\bsp_set_session_context\s+N?'([^']*)'\s*,\s*N?'([^']*)'/i.exec(text) ?? [];
    if (key !== undefined && value !== undefined) context.set(`${connection} ${key}`, value);
  };
  return {
    when: (request) => {
      observe(request);
      return request.kind === 'batch' && request.text.startsWith('SELECT CONVERT(nvarchar(4000), DB_NAME())');
    },
    give: ({ text, connection, database, login }) => {
      const intent = [...text.matchAll(/SESSION_CONTEXT\(N'([^']*)'\)/g)].map(
        ([, key]) => context.get(`${connection} ${key ?? ''}`) ?? null,
      );
      const state = [database, 'dbo', login === 'sa' ? 'dbo' : login, quoted.get(connection) ?? '1'];
      return [table([[...state, collation, collation, collation, ...intent]])];
    },
  };
}
