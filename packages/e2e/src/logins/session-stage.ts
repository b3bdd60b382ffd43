import type { DevParty } from '@sqlwarden/identity';
import { type PostgresMajor, type PostgresServer, startPostgres } from '@sqlwarden/testkit';
import pg from 'pg';
import { type RunningGateway, startGateway } from '../harness/gateway.js';

export const ACCOUNT_PASSWORD = 'of the account that sessions share';

/** Allows everything that policy can allow: what is refused then is refused whatever policy says. */
export const ALLOW_EVERYTHING = `version: 1
default: deny
rules:
  - { id: everything, then: allow }
`;

/** Everybody sees what is theirs by what the session says; `by_group` by the groups, `mine` and its kin by the subject. */
const SCHEMA = `
create role gateway login noinherit password '${ACCOUNT_PASSWORD}';
create role analyst; create role editor; create role other;
grant analyst, editor, other to gateway;
grant create on database postgres to gateway, analyst;
grant usage, create on schema public to public;
create table notes (id int primary key, owner text not null, body text);
insert into notes values (1, 'ada', 'ada one'), (2, 'bob', 'bob one');
alter table notes enable row level security;
create policy mine on notes using (owner = current_setting('app.who', true)) with check (owner = current_setting('app.who', true));
create table reports (id int, team text);
insert into reports values (1, 'blue'), (2, 'red');
alter table reports enable row level security;
create policy teams on reports for select using (current_setting('app.groups', true)::jsonb ? team);
grant select, insert, update, delete on notes, reports to public;
create table secrets (id int); insert into secrets values (1);
grant select on secrets to editor;
create function dba_tool() returns text language plpgsql set app.who = 'bob' as $$ begin return (select string_agg(body, ',') from notes); end $$;
create function leaves_role() returns void language plpgsql as $$ begin perform set_config('role', 'none', false); end $$;
create function sets_any(name text, value text) returns text language sql as $$ select set_config(name, value, false) $$;
create function sets_who() returns trigger language plpgsql as $$ begin perform set_config('app.who', 'bob', false); return new; end $$;
create table loud (id int); grant all on loud to public;
create trigger t before insert on loud for each row execute function sets_who();
create table defaulted (id int, x text default set_config('app.who', 'bob', false)); grant all on defaulted to public;
create view evil as select set_config('app.who', 'bob', false) as x; grant select on evil to public;
create function never_changes() returns text immutable language plpgsql as $$ begin perform set_config('app.who', 'bob', false); return 'x'; end $$;
`;

export interface SessionStage {
  readonly server: PostgresServer;
  readonly gateway: RunningGateway;
  admin(sql: string): Promise<pg.QueryResult>;
  /** A client with a token for that person. */
  connect(
    upstream: string,
    id: string,
    groups?: readonly string[],
    more?: { actors?: readonly DevParty[]; config?: pg.ClientConfig },
  ): Promise<pg.Client>;
  stop(): Promise<void>;
}

/** A server with the schema, and a client of its superuser. */
export async function startServer(
  major: PostgresMajor,
  hba: readonly string[] = [],
): Promise<{ readonly server: PostgresServer; readonly admin: pg.Client }> {
  const server = await startPostgres({ major, hba });
  const admin = new pg.Client({ connectionString: server.url() });
  await admin.connect();
  for (const statement of SCHEMA.split(/;\n/)) if (statement.trim() !== '') await admin.query(statement);
  return { server, admin };
}

/** A server and a gateway with these upstreams, which all are its database `postgres`. */
export async function setSessionStage(
  major: PostgresMajor,
  upstreams: Readonly<Record<string, Readonly<Record<string, unknown>> & { readonly credentials?: object }>>,
  hba: readonly string[] = [],
): Promise<SessionStage> {
  const { server, admin } = await startServer(major, hba);
  const gateway = await startGateway({
    server: { server, password: ACCOUNT_PASSWORD },
    upstreams: Object.fromEntries(Object.keys(upstreams).map((name) => [name, 'postgres'])),
    policies: [ALLOW_EVERYTHING],
    each: upstreams,
  });
  return {
    server,
    gateway,
    admin: (sql) => admin.query(sql),
    async connect(upstream, id, groups = [], { actors, config } = {}) {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: gateway.ports[upstream] ?? 0,
        user: id,
        database: upstream,
        password: gateway.token(groups, { id, ...(actors && { actors }) }),
        ...config,
      });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    async stop() {
      await gateway.stop();
      await admin.end();
      await server.stop();
    },
  };
}

/** What became of a statement: its first value, or the code of its error. */
export async function tried(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<unknown> {
  try {
    const result = await client.query({ text: sql, rowMode: 'array', ...(values.length > 0 && { values: [...values] }) });
    const last = Array.isArray(result) ? (result.at(-1) as pg.QueryArrayResult) : (result as unknown as pg.QueryArrayResult);
    return last.rows[0]?.[0];
  } catch (error) {
    const { code, detail } = error as pg.DatabaseError;
    return /code: ([a-z-]+)/.exec(detail ?? '')?.[1] ?? code;
  }
}
