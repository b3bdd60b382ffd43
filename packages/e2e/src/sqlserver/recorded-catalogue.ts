import { type CannedDatabase, type CannedModule } from '@sqlwarden/testkit';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { corpusDirectory, sqlserverCorpus } from './sqlserver-case.js';
import type { SqlserverClient } from './sqlserver-client.js';

type Columns = Readonly<Record<string, string>>;
type Module = Omit<CannedModule, 'name'>;

/** What is in a database, by schema and name. */
export interface RecordedCatalogue {
  readonly tables: Readonly<Record<string, Columns>>;
  readonly modules: Readonly<Record<string, Module>>;
  readonly synonyms: Readonly<Record<string, string>>;
}

/** What a statement made of it; null: it is gone. */
export interface CatalogueChange {
  readonly tables?: Readonly<Record<string, Columns | null>>;
  readonly modules?: Readonly<Record<string, Module | null>>;
  readonly synonyms?: Readonly<Record<string, string | null>>;
}

const file = join(corpusDirectory, 'database', 'catalogue.yaml');

interface CatalogueFile extends RecordedCatalogue {
  readonly systemViews: Readonly<Record<string, Columns>>;
}

/** The catalogue of `schema.sql`, as a server told it; the definitions of modules are the batches that made them, as a SQL Server keeps them. */
export function readCatalogueFile(): CatalogueFile {
  return parse(readFileSync(file, 'utf8')) as CatalogueFile;
}

/** One object in a line. */
export function writeCatalogueFile(catalogue: CatalogueFile): void {
  const sections = Object.entries(catalogue).map(([name, objects]) => {
    const lines = Object.entries(objects as object).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}\n`);
    return lines.length === 0 ? `${name}: {}\n` : `${name}:\n${lines.join('')}`;
  });
  writeFileSync(file, sections.join(''));
}

type SqlserverOnly = Partial<CannedDatabase> & {
  readonly columns: Readonly<Record<string, Columns>>;
  readonly functions: Readonly<Record<string, Pick<Module, 'type' | 'columns'>>>;
};

/** The database of the corpora, with what a SQL Server alone has (`sqlserver-only.yaml`), as a canned server has it. */
export function cannedCorpusDatabase(name: string, changes: readonly CatalogueChange[] = []): CannedDatabase {
  const base = readCatalogueFile();
  const { columns, functions, ...only } = parse(sqlserverCorpus('database', 'sqlserver-only.yaml')) as SqlserverOnly;
  let { tables, modules, synonyms }: RecordedCatalogue = base;
  for (const change of changes) {
    tables = changed(tables, change.tables);
    modules = changed(modules, change.modules);
    synonyms = changed(synonyms, change.synonyms);
  }
  return {
    ...only,
    name,
    tables: { ...only.tables, ...mapped(tables, (own, table) => ({ ...table, ...columns[own] })) },
    modules: Object.entries(modules).map(([own, module]) => ({ name: own, ...module, ...(functions[own] ?? kindOf(module)) })),
    synonyms: { ...only.synonyms, ...synonyms },
    systemViews: { ...base.systemViews, ...only.systemViews },
    cascades: [{ table: 'dbo.order_items', column: 'order_id', to: 'dbo.orders', toColumn: 'id' }],
  };
}

function mapped<Value>(all: Readonly<Record<string, Value>>, change: (name: string, value: Value) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, change(name, value)]));
}

/** Babelfish calls all functions scalar. */
function kindOf({ type, definition }: Module): Pick<Module, 'type'> {
  if (type !== 'FN') return { type };
  return {
    type: /\breturns\s+table\b/i.test(definition ?? '') ? 'IF' : /\breturns\s+@\w+\s+table\b/i.test(definition ?? '') ? 'TF' : 'FN',
  };
}

function changed<Value>(
  before: Readonly<Record<string, Value>>,
  change: Readonly<Record<string, Value | null>> = {},
): Record<string, Value> {
  const all: [string, Value | null][] = Object.entries({ ...before, ...change });
  return Object.fromEntries(all.filter((entry): entry is [string, Value] => entry[1] !== null));
}

/** `undefined` where both are the same. */
export function changeBetween(before: RecordedCatalogue, after: RecordedCatalogue): CatalogueChange | undefined {
  const change = {
    ...differing('tables', before.tables, after.tables),
    ...differing('modules', before.modules, after.modules),
    ...differing('synonyms', before.synonyms, after.synonyms),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

function differing(name: string, before: object, after: object): Readonly<Record<string, object>> {
  const [old, now] = [new Map<string, unknown>(Object.entries(before)), new Map<string, unknown>(Object.entries(after))];
  const keys = [...new Set([...old.keys(), ...now.keys()])].filter((key) => JSON.stringify(old.get(key)) !== JSON.stringify(now.get(key)));
  return keys.length === 0 ? {} : { [name]: Object.fromEntries(keys.map((key) => [key, now.get(key) ?? null])) };
}

const OBJECTS = `
select schema_name(o.schema_id) + '.' + o.name, rtrim(o.type), m.definition, schema_name(p.schema_id) + '.' + p.name, s.base_object_name
from sys.objects o left join sys.sql_modules m on m.object_id = o.object_id left join sys.triggers t on t.object_id = o.object_id
  left join sys.objects p on p.object_id = t.parent_id left join sys.synonyms s on s.object_id = o.object_id
where o.type in ('U', 'V', 'P', 'FN', 'IF', 'TF', 'TR', 'SN') and schema_name(o.schema_id) not in ('sys', 'information_schema_tsql') order by 1`;
const columnsOf = (relation: string, where: string): string => `
select schema_name(o.schema_id) + '.' + o.name, c.name, t.name, c.max_length, c.precision, c.scale, convert(int, c.is_nullable),
  convert(int, c.is_identity), d.definition
from ${relation} c join sys.all_objects o on o.object_id = c.object_id join sys.types t on t.user_type_id = c.user_type_id
  left join sys.computed_columns d on d.object_id = c.object_id and d.column_id = c.column_id
where ${where} order by 1, c.column_id`;
const PARAMETERS = `
select schema_name(o.schema_id) + '.' + o.name, p.name, type_name(p.user_type_id), p.max_length, convert(int, p.is_output)
from sys.all_parameters p join sys.objects o on o.object_id = p.object_id where p.parameter_id > 0 order by 1, p.parameter_id`;

/** What a session sees of the catalogue; `undefined` where it cannot be asked now. */
export async function readCatalogue(client: SqlserverClient): Promise<RecordedCatalogue | undefined> {
  const rowsOf = async (sql: string): Promise<string[][] | undefined> => {
    const reply = await client.batch(sql);
    const found = reply.find((result) => result.kind === 'rows');
    if (found === undefined || reply.some(({ kind }) => kind === 'error')) return undefined;
    return found.rows.map((row) => row.map((cell) => cell?.toString() ?? ''));
  };
  const objects = await rowsOf(OBJECTS);
  const columns = await rowsOf(columnsOf('sys.columns', "schema_name(o.schema_id) not in ('sys', 'information_schema_tsql')"));
  const parameters = await rowsOf(PARAMETERS);
  if (objects === undefined || columns === undefined || parameters === undefined) return undefined;
  const columnsBy = (name: string): Columns => declared(columns.filter(([object]) => object === name));
  const parametersBy = (name: string): Columns =>
    Object.fromEntries(
      parameters.flatMap(([object, own = '', type = '', length = '', output]) =>
        object === name ? [[own, `${sized(type, length)}${output === '1' ? ' output' : ''}`]] : [],
      ),
    );
  const module = ([name = '', type = '', definition = '', on = '']: readonly string[]): readonly [string, Module] => [
    name,
    {
      type: type as Module['type'],
      definition,
      ...(Object.keys(parametersBy(name)).length > 0 ? { parameters: parametersBy(name) } : {}),
      ...(['V', 'IF', 'TF'].includes(type) ? { columns: columnsBy(name) } : {}),
      ...(on === '' ? {} : { on }),
    },
  ];
  const of = (...types: readonly string[]): string[][] => objects.filter(([, type = '']) => types.includes(type));
  return {
    tables: Object.fromEntries(of('U').map(([name = '']) => [name, columnsBy(name)])),
    modules: Object.fromEntries(of('V', 'P', 'FN', 'IF', 'TF', 'TR').map(module)),
    synonyms: Object.fromEntries(of('SN').map(([name = '', , , , base = '']) => [name, base])),
  };
}

/** Of views of the system with these names, their columns. */
export async function readSystemViews(client: SqlserverClient, names: readonly string[]): Promise<Readonly<Record<string, Columns>>> {
  const list = names.map((name) => `'${name}'`).join(', ');
  const reply = await client.batch(columnsOf('sys.all_columns', `lower(schema_name(o.schema_id) + '.' + o.name) in (${list})`));
  const rows = reply.flatMap((result) =>
    result.kind === 'rows' ? result.rows.map((row) => row.map((cell) => cell?.toString() ?? '')) : [],
  );
  const views = [...new Set(rows.map(([object = '']) => object))];
  return Object.fromEntries(views.map((view) => [view, declared(rows.filter(([object]) => object === view))]));
}

function declared(rows: readonly (readonly string[])[]): Columns {
  return Object.fromEntries(
    rows.map(([, name = '', type = '', length = '', precision = '', scale = '', nullable, identity, computed = '']) => {
      const size = type === 'decimal' || type === 'numeric' ? `${type}(${precision},${scale})` : sized(type, length);
      const rest = [identity === '1' ? 'identity' : '', nullable === '1' ? '' : 'not null', computed === '' ? '' : `as ${computed}`];
      return [name, [size, ...rest].filter((part) => part !== '').join(' ')];
    }),
  );
}

function sized(type: string, length: string): string {
  if (!/^n?(?:var)?char$|^(?:var)?binary$/.test(type)) return type;
  return `${type}(${length === '-1' ? 'max' : Math.max(1, Number(length) / (type.startsWith('n') ? 2 : 1))})`;
}

/** The batches of `schema.sql` that make modules, by the module's name. */
export function definitionsOfSchema(): ReadonlyMap<string, string> {
  const batches = sqlserverCorpus('database', 'schema.sql')
    .split(/^go$/m)
    .map((batch) => batch.trim());
  return new Map(
    batches.flatMap((batch) => {
      const name = /^create\s+(?:view|function|procedure|trigger)\s+([\w.]+)/i.exec(batch)?.[1];
      return name === undefined ? [] : [[name.includes('.') ? name : `dbo.${name}`, batch] as const];
    }),
  );
}
