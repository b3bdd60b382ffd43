import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import { unreachable } from '@sqlwarden/core';
import pg from 'pg';
import { GATEWAY_ROLE } from '../harness/database.js';
import { type RunningGateway, startGateway } from '../harness/gateway.js';
import { RawClient } from '../harness/raw-client.js';
import { WORLDS, type WorldName } from './markers.js';
import { SUBJECTS, SUBJECT_TYPES, type Subject, valuesOf } from './subjects.js';

/** The masks of `corpus/matrix/policy.yaml`; `keyed` gives each value another one, so worlds differ by design. */
export const MASKS = ['zero', 'null', 'word', 'keyed'] as const;
export type MaskName = (typeof MASKS)[number];

export const MATRIX_DIRECTORY = join(import.meta.dirname, '..', '..', 'corpus', 'matrix');
const EXTENSIONS = ['citext', 'hstore'];
const WORLD_NAMES = Object.keys(WORLDS) as WorldName[];

/** Plans that hardly depend on how many rows the server thinks there are, which runs before have changed. */
const STEADY_PLANS = {
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_material: 'off',
  enable_memoize: 'off',
  enable_hashagg: 'off',
  jit: 'off',
};

/** A PostgreSQL with one database for each world, and a gateway in front of it with an upstream for each world and mask. */
export interface MatrixSite {
  readonly server: PostgresServer;
  readonly gateway: RunningGateway;
  /** As somebody for whom everything is masked, or as one for whom nothing is. */
  connect(world: WorldName, mask: MaskName, trusted?: boolean): Promise<RawClient>;
  /** Around the gateway. */
  direct(world: WorldName): Promise<RawClient>;
  /** Statements of the superuser. */
  admin(world: WorldName, sql: string): Promise<void>;
  /** Takes away what the plans of a world's statements could differ by besides its values: how much room dead rows take in its tables. */
  settle(world: WorldName): Promise<void>;
  stop(): Promise<void>;
}

export interface SiteOptions {
  /** Default: all. */
  readonly subjects?: readonly Subject[];
}

export async function startMatrixSite({ subjects = SUBJECTS }: SiteOptions = {}): Promise<MatrixSite> {
  const server = await startPostgres({
    parameters: { autovacuum: 'off', max_connections: '60', statement_timeout: '10s', ...STEADY_PLANS },
    hba: [`local all ${GATEWAY_ROLE} trust`],
  });
  const password = randomBytes(12).toString('hex');
  await admin(server, 'postgres', `create role ${GATEWAY_ROLE} login password '${password}'; grant pg_monitor to ${GATEWAY_ROLE}`);
  await admin(server, 'postgres', 'alter role current_user set statement_timeout = 0');
  await makeTemplate(server, subjects);
  for (const world of WORLD_NAMES) await makeWorld(server, world, subjects);
  const upstreams = Object.fromEntries(MASKS.flatMap((mask) => WORLD_NAMES.map((world) => [`${mask}_${world}`, `world_${world}`])));
  const gateway = await startGateway({
    server: { server, password },
    upstreams,
    policies: [readFileSync(join(MATRIX_DIRECTORY, 'policy.yaml'), 'utf8')],
    // Nobody but the matrix changes these databases, and it does so through the gateway or takes it back.
    config: { catalogue: { maxAgeMs: 60_000 } },
  });
  const tokens = {
    masked: gateway.token(['app'], { lifetimeSeconds: 86_400 }),
    trusted: gateway.token(['app', 'privacy'], { lifetimeSeconds: 86_400 }),
  };
  return {
    server,
    gateway,
    connect: (world, mask, trusted = false) => gateway.connect(`${mask}_${world}`, trusted ? tokens.trusted : tokens.masked),
    direct: (world) =>
      RawClient.connect({ host: server.socketDirectory, port: server.port, user: GATEWAY_ROLE, database: `world_${world}` }),
    admin: (world, sql) => admin(server, `world_${world}`, sql),
    settle: (world) => admin(server, `world_${world}`, 'vacuum (full, analyze)'),
    async stop() {
      await gateway.stop();
      await server.stop();
    },
  };
}

/** Everything that worlds have in common, object ids too. */
async function makeTemplate(server: PostgresServer, subjects: readonly Subject[]): Promise<void> {
  await admin(server, 'postgres', `create database world owner ${GATEWAY_ROLE}`);
  await admin(server, 'world', EXTENSIONS.map((name) => `create extension ${name};`).join('\n'));
  const template = readFileSync(join(MATRIX_DIRECTORY, 'subject.sql'), 'utf8');
  const ofSubjects = subjects.map((subject) =>
    template
      .replace('-- table:', `${tableOf(subject)}\n--`)
      .replaceAll('$name', subject.name)
      .replaceAll('$type', subject.type),
  );
  const common = readFileSync(join(MATRIX_DIRECTORY, 'common.sql'), 'utf8');
  await admin(server, 'world', [`set role ${GATEWAY_ROLE};`, SUBJECT_TYPES, common, ...ofSubjects].join('\n'));
}

/** A protected table. Its first row is the same as in every other subject, apart from the protected value. */
function tableOf({ name, type, shape, unordered }: Subject): string {
  const columns = `id integer not null, tag text not null constraint tag_${name} check (tag <> ''), grp integer not null default 1, val ${type} not null`;
  switch (shape) {
    case 'partitioned':
      return `create table t_${name} (${columns}, primary key (id)) partition by range (id);
        create table t_${name}_1 partition of t_${name} for values from (0) to (4);
        create table t_${name}_2 partition of t_${name} for values from (4) to (1000000);`;
    case 'inherited':
      return `create table t_${name} (${columns}, primary key (id)); create table t_${name}_1 () inherits (t_${name});`;
    case undefined:
      return `create table t_${name} (${columns}, primary key (id));${unordered ? '' : `create index i_${name} on t_${name} (val);`}`;
    default:
      return unreachable(shape);
  }
}

async function makeWorld(server: PostgresServer, world: WorldName, subjects: readonly Subject[]): Promise<void> {
  await admin(server, 'postgres', `create database world_${world} template world owner ${GATEWAY_ROLE} strategy file_copy`);
  const statements = subjects.flatMap((subject) => {
    const literals = valuesOf(subject, world).map(({ literal }) => literal);
    const rows = literals.map((literal, index) => ({
      id: index + 1,
      columns: `${index + 1}, 'tag ${index + 1}', ${1 + (index % 2)}, ${literal}`,
      literal,
    }));
    const [upper, lower] = [rows.filter(({ id }) => id < 4), rows.filter(({ id }) => id >= 4)];
    const insert = (table: string, into: typeof rows): string =>
      `insert into ${table} values ${into.map(({ columns }) => `(${columns})`).join(', ')};`;
    return [
      insert(`t_${subject.name}`, upper),
      insert(subject.shape === 'inherited' ? `t_${subject.name}_1` : `t_${subject.name}`, lower),
      `insert into loud_${subject.name} select id, tag, val from t_${subject.name};`,
      `refresh materialized view kept_${subject.name};`,
    ];
  });
  await admin(server, `world_${world}`, [`set role ${GATEWAY_ROLE};`, ...statements, 'analyze;'].join('\n'));
}

async function admin(server: PostgresServer, database: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url({ database }) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
