import { createHash } from 'node:crypto';
import type { CannedAnswer, CannedItem, CannedRequest, CannedSqlServerColumn, CannedValue } from './canned-answers.js';

/** A database as the catalogue of a SQL Server tells of it. */
export interface CannedDatabase {
  readonly name: string;
  /** By schema and name; the columns as T-SQL declares them: `int identity not null`, `nvarchar(max)`, `varchar(1) as (substring(name, 1, 1))`. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly modules?: readonly CannedModule[];
  /** What synonyms stand for, by schema and name. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** Foreign keys that do something when a row is deleted. */
  readonly cascades?: readonly CannedCascade[];
  /** By temporal table, the table of its earlier rows. */
  readonly histories?: Readonly<Record<string, string>>;
  /** Table types by schema and name, with their columns. */
  readonly tableTypes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Views of the system that statements may name, with their columns. */
  readonly systemViews?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Default `SQL_Latin1_General_CP1_CI_AS`. */
  readonly collation?: string;
  /** Roles of the database by login; a login that is not here has no user in it. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
}

/** ON DELETE CASCADE: of a table's column, to a column of another one. */
export interface CannedCascade {
  readonly table: string;
  readonly column: string;
  readonly to: string;
  readonly toColumn: string;
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
 * that the state tells are those that the session has set in batches. A database that statements change is given as a function.
 */
export function cannedDatabase(database: CannedDatabase | (() => CannedDatabase)): readonly CannedAnswer[] {
  const current = typeof database === 'function' ? database : () => database;
  const { collation = 'SQL_Latin1_General_CP1_CI_AS', name } = current();
  return [
    sessionState(collation),
    // In front of the others, whose tables it names, too.
    { when: /^\s*SELECT CONCAT\(\s*\(SELECT CONCAT\(COUNT_BIG/, give: () => [table([[fingerprintOf(current())]])] },
    {
      when: /^\s*SELECT CONVERT\(nvarchar\(20\), SERVERPROPERTY/,
      give: [table([['16', name, 'dbo', 1, `${collation} ${collation} ${collation}`]])],
    },
    ...CATALOGUE.map(([when, rowsOf]): CannedAnswer => ({ when, give: () => [table(rowsOf(current(), objectsOf(current())))] })),
    {
      when: /^\s*WITH reached \(id\) AS/,
      give: ({ text }) => [
        table([['1', 0], ...(current().roles?.[/SUSER_SID\(N'((?:[^']|'')*)'/.exec(text)?.[1] ?? ''] ?? []).map((role) => [role, 1])]),
      ],
    },
    // Asked in TDS 7.1, where nothing else tells of transactions; none is open there.
    { when: 'SELECT @@TRANCOUNT', give: [table([[0]])] },
    { when: /^\s*SELECT CASE WHEN DATABASE_PRINCIPAL_ID/, give: [table([[1, 0, 0]])] },
  ];
}

const fingerprintOf = (database: CannedDatabase): string => createHash('sha1').update(JSON.stringify(database)).digest('hex');

type Objects = readonly CannedObject[];
const idIn = (objects: Objects, full: string): number => objects.find(({ schema, name }) => `${schema}.${name}` === full)?.id ?? 0;

const CATALOGUE: readonly (readonly [asked: RegExp, rows: (database: CannedDatabase, objects: Objects) => Rows])[] = [
  [/FROM sys\.schemas\s*$/, (_, objects) => [...new Set([...SCHEMAS, ...objects.map(({ schema }) => schema)])].map((schema) => [schema])],
  [
    /FROM sys\.all_objects AS o\b/,
    (_, objects) =>
      objects.flatMap(({ id, schema, name, type, system }) => (type === 'TT' ? [] : [[id, schema, name, type, system ? 1 : 0]])),
  ],
  [/FROM sys\.all_columns AS c\b/, (_, objects) => objects.flatMap(columnRows)],
  [/FROM sys\.computed_columns\s*$/, (_, objects) => objects.flatMap(computedRows)],
  [
    /FROM sys\.sql_modules\s*$/,
    ({ modules = [] }, objects) => modules.map(({ name, definition }) => [idIn(objects, name), definition, 1, 0]),
  ],
  [
    /FROM sys\.all_parameters WHERE/,
    ({ modules = [] }, objects) => modules.flatMap((module) => parameterRows(idIn(objects, module.name), module)),
  ],
  [/FROM sys\.synonyms\s*$/, ({ synonyms = {} }, objects) => Object.entries(synonyms).map(([name, base]) => [idIn(objects, name), base])],
  [
    /FROM sys\.foreign_keys AS k\b/,
    ({ cascades = [] }, objects) =>
      cascades.map(({ table: from, column, to, toColumn }, index) => [
        1_000_000 + index,
        idIn(objects, from),
        column,
        idIn(objects, to),
        toColumn,
        1,
        0,
      ]),
  ],
  [
    /FROM sys\.tables WHERE history_table_id/,
    ({ histories = {} }, objects) => Object.entries(histories).map(([name, kept]) => [idIn(objects, name), idIn(objects, kept)]),
  ],
  [
    /FROM sys\.triggers WHERE/,
    ({ modules = [] }, objects) => modules.flatMap(({ name, on }) => (on === undefined ? [] : [[idIn(objects, name), idIn(objects, on)]])),
  ],
  [
    /FROM sys\.table_types AS t\b/,
    (_, objects) => objects.flatMap(({ id, schema, name, type }) => (type === 'TT' ? [[id, schema, name]] : [])),
  ],
  [/FROM sys\.assembly_types AS t\b/, () => []],
];

function objectsOf({ tables, modules = [], synonyms = {}, systemViews = {}, tableTypes = {} }: CannedDatabase): CannedObject[] {
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
    ...Object.entries(tableTypes).map(([name, columns]) => object(name, 'TT', columns)),
    ...Object.entries(systemViews).map(([name, columns]) => object(name, 'V ', columns, true)),
  ];
}

function columnRows({ id, columns }: CannedObject): Rows {
  return Object.entries(columns).map(([name, declared], index) => {
    const type = typeOf(declared);
    const is = (word: RegExp): number => (word.test(declared) ? 1 : 0);
    const flags = [1 - is(/\bnot null\b/i), is(COMPUTED), is(/\bhidden\b/i), is(/\bidentity\b/i), 0, 0];
    return [id, index + 1, name, `sys.${type.name}`, type.number, type.bytes, ...flags];
  });
}

const COMPUTED = /\bas (\(.*)$/i;

function computedRows({ id, columns }: CannedObject): Rows {
  return Object.entries(columns).flatMap(([name, declared]) => {
    const definition = COMPUTED.exec(declared)?.[1];
    return definition === undefined ? [] : [[id, name, definition]];
  });
}

function parameterRows(id: number, { parameters = {} }: CannedModule): Rows {
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
