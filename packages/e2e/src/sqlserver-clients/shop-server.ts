import { randomBytes } from 'node:crypto';
import {
  type CannedAnswer,
  type CannedItem,
  type CannedRequest,
  type CannedSqlServer,
  connectSqlserver,
  type Finding,
  type SqlserverServerKind,
  sqlserverServerKinds,
  startCannedSqlServer,
  cannedDatabase,
} from '@sqlwarden/testkit';

/** A server with a shop in it, and the login that the gateway has there. */
export interface ShopServer {
  readonly host: string;
  readonly port: number;
  /** PEM; only of a server that serves TLS. */
  readonly authority?: string;
  readonly user: 'gateway';
  readonly password: string;
  /** What the server got, where that is known. */
  readonly canned: CannedSqlServer | undefined;
  stop(): Promise<void>;
}

export interface ShopKind {
  readonly name: string;
  readonly finding: Finding;
  start(): Promise<ShopServer>;
}

/** The testkit's server, which is everywhere; a Babelfish, and the server of `SQLWARDEN_SQLSERVER_URL`, where there is one. */
export const SHOP_KINDS: readonly ShopKind[] = [
  {
    name: 'the canned server',
    finding: { found: true, name: 'the canned server', path: '', version: '' },
    start: startCannedShop,
  },
  ...sqlserverServerKinds().map((kind) => ({ name: kind.name, finding: kind.finding, start: () => startShopOn(kind) })),
];

/** As they are stored: id, name, ssn, salary. */
export const PEOPLE = [
  [1, 'Ana', '900-11-2222', '1200.50'],
  [2, 'Bob', '900-33-4444', '900.00'],
  [3, 'Zoë', null, null],
] as const;

/** Takes its time, unless somebody ends it; of the canned server all the time. */
export const LONG = `select count_big(*) as n from ${Array.from({ length: 16 }, (_, at) => `people as p${at}`).join(' cross join ')}`;

const COLUMNS = { id: 'int not null', name: 'nvarchar(20)', ssn: 'varchar(20)', salary: 'decimal(10,2)' } as const;
const VISITS = { id: 'int not null', note: 'nvarchar(40)' } as const;
const PERSON = `create procedure dbo.person @id int, @next int output as
begin set nocount on; select id, name, ssn from dbo.people where id = @id; set @next = @id + 1; return 7 end`;

async function startShopOn(kind: SqlserverServerKind): Promise<ShopServer> {
  const server = await kind.start();
  const password = `Of-the-gateway-only-${randomBytes(6).toString('hex')}`;
  const root = await connectSqlserver(server);
  const old = await root.query("select 1 from sys.server_principals where name = 'gateway'");
  if (old.length > 0) await root.query('drop login gateway');
  await root.query(`create login gateway with password = '${password}'`);
  await root.query('alter server role sysadmin add member gateway');
  await root.query('create database shop');
  await root.end();
  const owner = await connectSqlserver(server, { user: 'gateway', password, database: 'shop' });
  await owner.query(`
    create table dbo.people (${Object.entries(COLUMNS)
      .map(([name, type]) => `${name} ${type}`)
      .join(', ')});
    create table dbo.notes (id int not null); insert into dbo.notes values (1);
    create table dbo.visits (id int not null, note nvarchar(40));
    create type dbo.ids as table (id int)`);
  for (const row of PEOPLE)
    await owner.query(
      `insert into dbo.people values (${row.map((cell) => (cell === null ? 'null' : typeof cell === 'number' ? cell : `N'${cell}'`)).join(', ')})`,
    );
  await owner.query(PERSON);
  await owner.end();
  const { host, port, authority } = server;
  return {
    host,
    port,
    ...(authority === undefined ? {} : { authority }),
    user: 'gateway',
    password,
    canned: undefined,
    async stop() {
      const last = await connectSqlserver(server);
      await last.query('drop database shop');
      await last.query('drop login gateway');
      await last.end();
      await server.stop();
    },
  };
}

async function startCannedShop(): Promise<ShopServer> {
  const password = 'of the gateway only';
  const canned = await startCannedSqlServer({
    accounts: { gateway: password },
    databases: ['master', 'shop'],
    answers: [
      ...cannedDatabase({
        name: 'shop',
        tables: { 'dbo.people': COLUMNS, 'dbo.notes': { id: 'int not null' }, 'dbo.visits': VISITS },
        tableTypes: { 'dbo.ids': { id: 'int' } },
        modules: [{ name: 'dbo.person', type: 'P', definition: PERSON, parameters: { '@id': 'int', '@next': 'int output' } }],
      }),
      ...SHOP_ANSWERS,
    ],
  });
  const { host, port } = canned;
  return { host, port, user: 'gateway', password, canned, stop: () => canned.stop() };
}

const rows = (columns: Readonly<Record<string, string>>, cells: (readonly (string | number | null)[])[]): CannedItem => ({
  kind: 'rows',
  columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
  rows: cells,
});

/** What a server with the shop says to the statements of these suites. */
const SHOP_ANSWERS: readonly CannedAnswer[] = [
  { when: /\bselect @@spid as id$/i, give: ({ connection }) => [rows({ id: 'int not null' }, [[connection]])] },
  {
    when: /^set fmtonly on select \* from shop\.dbo\.(?:people|visits) set fmtonly off$/i,
    give: ({ text }) => [rows(/visits/.test(text) ? VISITS : COLUMNS, [])],
  },
  // Takes until somebody ends it.
  { when: /\bcross join\b/i, give: [{ kind: 'wait' }] },
  { when: /^\s*select\s[^;]*\bfrom\s+(?:shop\.)?(?:dbo\.)?people\b/i, give: (request) => [peopleFor(request)] },
  { when: /^\s*select\s[^;]*\bfrom\s+(?:dbo\.)?notes\b/i, give: [rows({ id: 'int not null' }, [[1]])] },
  {
    when: /^(?:\[?dbo\]?\.)?\[?person\]?$/i,
    give: (request) => {
      const id = request.kind === 'rpc' ? Number(request.parameters[0]?.value) : 0;
      return [
        rows({ id: COLUMNS.id, name: COLUMNS.name, ssn: COLUMNS.ssn }, select(['id', 'name', 'ssn'], id)),
        { kind: 'return status', value: 7 },
        { kind: 'output', name: '@next', type: 'int', value: id + 1 },
      ];
    },
  },
  { when: /^\s*(?:insert\s(?!\s*bulk)|update\s|delete\s)/i, give: [{ kind: 'count', count: 1 }] },
  { when: /^select 1 \/ 0 as none$/i, give: [{ kind: 'error', number: 8134, message: 'Divide by zero error encountered.' }] },
  { when: /^select 1 as one$/i, give: [rows({ one: 'int not null' }, [[1]])] },
];

function select(names: readonly string[], id?: number): (string | number | null)[][] {
  const all = Object.keys(COLUMNS);
  return PEOPLE.filter(([own]) => id === undefined || own === id).map((row) => names.map((name) => row[all.indexOf(name)] ?? null));
}

/** The columns that are asked for by their names, of the rows that `where id = …` leaves, or that a table-valued parameter lists. */
function peopleFor(request: CannedRequest): CannedItem {
  const [, list = ''] = /select\s+(.*?)\s+from/is.exec(request.text) ?? [];
  const names = list.trim() === '*' ? Object.keys(COLUMNS) : list.split(',').map((name) => name.trim());
  const columns = Object.fromEntries(names.map((name) => [name, COLUMNS[name as keyof typeof COLUMNS]]));
  const given = request.kind === 'rpc' ? request.parameters.at(-1)?.value : undefined;
  if (typeof given === 'object' && given !== null && 'rows' in given)
    return rows(
      columns,
      given.rows.flatMap(([id]) => select(names, Number(id))),
    );
  const [, wanted] = /\bwhere\s+id\s*=\s*(@\w+|\d+)/i.exec(request.text) ?? [];
  if (/\bwhere\s+(?:0\s*=\s*1|1\s*=\s*0)\b/i.test(request.text)) return rows(columns, []);
  if (wanted === undefined) return rows(columns, select(names));
  return rows(columns, select(names, wanted.startsWith('@') ? Number(given) : Number(wanted)));
}
