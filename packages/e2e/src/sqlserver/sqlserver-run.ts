import { IDENTITIES, type IdentityName } from '../harness/corpus-case.js';
import { filled, type SqlserverCase, type SqlserverStep, type Value, type Way } from './sqlserver-case.js';
import type { Result, Row, SqlserverClient } from './sqlserver-client.js';

export interface SqlserverRun {
  /** Of each step, what it was answered. A connection that the server closes ends the case early. */
  readonly replies: readonly (readonly Result[])[];
  /** Every byte that any of the case's connections received that may not receive what is protected, the login included. */
  readonly received: Buffer;
  /** All rows of those connections, and values of output parameters as rows of one cell. */
  readonly rows: readonly Row[];
}

export interface SqlserverRunOptions {
  readonly open: (as: IdentityName) => Promise<SqlserverClient>;
  /** Replaces `{{name}}` in statements and values. */
  readonly fill: Readonly<Record<string, string>>;
  /** Identities whose connections may receive what is protected. */
  readonly trusted?: readonly IdentityName[];
  /** A step's connection is there and it is about to be sent; then, what was answered. `stop`: what comes after it cannot be told. */
  readonly onStep?: (step: number, client: SqlserverClient) => Promise<void> | void;
  readonly onReply?: (step: number, client: SqlserverClient, reply: readonly Result[]) => Promise<void> | 'stop' | void;
}

/** Names of groups for `privacy` and the like: see the corpus' policies. */
export const groupsOf = (as: IdentityName): readonly string[] => IDENTITIES[as];

interface Session {
  readonly client: SqlserverClient;
  readonly as: IdentityName;
}

export async function runSqlserverCase(one: SqlserverCase, way: Way, options: SqlserverRunOptions): Promise<SqlserverRun> {
  const sessions = new Map<string, Session>();
  const replies: (readonly Result[])[] = [];
  const rows: Row[] = [];
  const isWatched = (as: IdentityName): boolean => options.trusted?.includes(as) !== true;
  try {
    for (const [index, step] of one.steps.entries()) {
      const name = step.session ?? 'a';
      const as = step.as ?? one.as;
      const session = sessions.get(name) ?? { client: await options.open(as), as };
      sessions.set(name, session);
      await options.onStep?.(index, session.client);
      const reply = await runStep(session.client, step, way, options.fill).catch((error: unknown) => {
        if (session.client.closed) return undefined;
        throw error;
      });
      if (reply === undefined) break;
      replies.push(reply);
      if (isWatched(as)) rows.push(...reply.flatMap(rowsOf));
      if ((await options.onReply?.(index, session.client, reply)) === 'stop') break;
    }
    const watched = [...sessions.values()].filter(({ as }) => isWatched(as)).map(({ client }) => client.received);
    return { replies, received: Buffer.concat(watched), rows };
  } finally {
    for (const { client } of sessions.values()) await client.close();
  }
}

function rowsOf(result: Result): readonly Row[] {
  if (result.kind === 'rows') return result.rows;
  return result.kind === 'output' ? [[result.value]] : [];
}

function runStep(client: SqlserverClient, step: SqlserverStep, way: Way, fill: SqlserverRunOptions['fill']): Promise<readonly Result[]> {
  const full = (value: Value): Value => (typeof value === 'string' ? filled(value, fill) : value);
  const every = (values: SqlserverStep['values']): Record<string, Value> =>
    Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, full(value)]));
  if (step.call !== undefined) return client.call(filled(step.call, fill), every(step.values), every(step.outputs));
  if (step.transaction !== undefined) return client.transaction(step.transaction);
  if (step.reset === true) return client.reset();
  if (step.bulk !== undefined) {
    const rows = (step.rows ?? []).map((row) => row.map(full));
    return client.bulk(filled(step.bulk, fill), step.columns ?? [], rows);
  }
  const sql = filled(step.sql ?? '', fill);
  switch (way) {
    case 'batch':
      return client.batch(sql);
    case 'cursor':
      return client.cursor(sql);
    case 'executesql':
    case 'prepared':
    case 'prepexec':
      return client[way](sql, every(step.values));
  }
}

/** What of a run depends on data: compared between worlds. The name of the database is another one in each. */
export function observeSqlserver(run: SqlserverRun, database: string): string[] {
  return run.replies.flatMap((reply, step) => reply.map((result) => `${step} ${told(result).replaceAll(database, 'database')}`));
}

function told(result: Result): string {
  switch (result.kind) {
    case 'rows':
      return `rows ${result.rows.map((row) => row.map(cellText).join(' | ')).join('\n')}`;
    case 'count':
      return `count ${result.count ?? 'none'}`;
    case 'status':
      return `status ${String(result.value)}`;
    case 'output':
      return `output ${result.name} ${cellText(result.value)}`;
    case 'database':
      return `database ${result.name}`;
    case 'info':
      return `info ${result.number} ${result.message}`;
    case 'error':
      return `error ${result.number} ${result.state} ${result.class} ${result.message}`;
  }
}

export const cellText = (cell: Buffer | null): string => (cell === null ? 'null' : cell.toString('latin1'));

/** The gateway's own refusals in a run. */
export function refusalsOf(run: SqlserverRun): string[] {
  return run.replies
    .flat()
    .flatMap((result) => (result.kind === 'error' && result.message.startsWith('sqlwarden') ? [result.message] : []));
}
