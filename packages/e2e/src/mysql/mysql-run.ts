import { IDENTITIES, type IdentityName } from '../harness/corpus-case.js';
import type { MysqlCase, MysqlStep, Way } from './mysql-case.js';
import type { MysqlClient, PreparedStatement } from './mysql-client.js';
import type { Result, Row } from './reply-reader.js';

export interface MysqlRun {
  /** Of each step, what it was answered. A connection that the server closes ends the case early. */
  readonly replies: readonly (readonly Result[])[];
  /** Every byte that any of the case's connections received that may not receive what is protected, the login included. */
  readonly received: Buffer;
  /** All rows of those connections. */
  readonly rows: readonly Row[];
}

export interface MysqlRunOptions {
  readonly open: (as: IdentityName, way: Way) => Promise<MysqlClient>;
  /** Replaces `{{name}}` in statements and values. */
  readonly fill: Readonly<Record<string, string>>;
  /** Identities whose connections may receive what is protected. */
  readonly trusted?: readonly IdentityName[];
}

/** Names of groups for `privacy` and the like: see the corpus' policies. */
export const groupsOf = (as: IdentityName): readonly string[] => IDENTITIES[as];

interface Session {
  readonly client: MysqlClient;
  readonly as: IdentityName;
  readonly statements: Map<string, PreparedStatement>;
}

export async function runMysqlCase(one: MysqlCase, way: Way, options: MysqlRunOptions): Promise<MysqlRun> {
  const sessions = new Map<string, Session>();
  const replies: (readonly Result[])[] = [];
  const rows: Row[] = [];
  const isWatched = (as: IdentityName): boolean => options.trusted?.includes(as) !== true;
  try {
    for (const step of one.steps) {
      const name = step.session ?? 'a';
      const as = step.as ?? one.as;
      const session = sessions.get(name) ?? { client: await options.open(as, way), as, statements: new Map<string, PreparedStatement>() };
      sessions.set(name, session);
      const reply = await runStep(session, step, way, options.fill).catch((error: unknown) => {
        if (session.client.closed) return undefined;
        throw error;
      });
      if (reply === undefined) break;
      replies.push(reply);
      if (isWatched(as)) rows.push(...reply.flatMap((result) => (result.kind === 'rows' ? result.rows : [])));
    }
    const watched = [...sessions.values()].filter(({ as }) => isWatched(as)).map(({ client }) => client.received);
    return { replies, received: Buffer.concat(watched), rows };
  } finally {
    for (const { client } of sessions.values()) await client.close();
  }
}

async function runStep(
  { client, statements }: Session,
  step: MysqlStep,
  way: Way,
  fill: MysqlRunOptions['fill'],
): Promise<readonly Result[]> {
  if (step.init !== undefined) return client.command(Buffer.concat([Buffer.from([0x02]), Buffer.from(filled(step.init, fill))]));
  if (step.fields !== undefined) return client.fields(filled(step.fields, fill));
  if (step.bytes !== undefined) return client.command(Buffer.from(step.bytes, 'hex'));
  if (step.hex !== undefined) return client.query(Buffer.from(step.hex, 'hex'));
  const sql = filled(step.sql ?? '', fill);
  const values = (step.values ?? []).map((value) => (typeof value === 'string' ? filled(value, fill) : value));
  if (way === 'text') return client.query(sql, step.attributes);
  const kept = step.run === undefined ? undefined : statements.get(step.run);
  const prepared = kept ?? (await client.prepare(sql));
  if ('kind' in prepared) return isNotPreparable(prepared) ? client.query(sql, step.attributes) : [prepared];
  if (step.name !== undefined) statements.set(step.name, prepared);
  if (step.prepare === true) return [];
  return client.execute(prepared, values, step.cursor);
}

/** "This command is not supported in the prepared statement protocol yet": drivers then send it as a text. */
function isNotPreparable(result: Result): boolean {
  return result.kind === 'error' && result.number === 1295;
}

function filled(text: string, fill: MysqlRunOptions['fill']): string {
  return text.replaceAll(/\{\{([a-z.]+)\}\}/g, (_, name: string) => {
    const value = fill[name];
    if (value === undefined) throw new Error(`there is no {{${name}}} to fill in`);
    return value;
  });
}

/** What of a run depends on data: compared between worlds. The name of the database is another one in each. */
export function observeMysql(run: MysqlRun, database: string): string[] {
  return run.replies.flatMap((reply, step) => reply.map((result) => `${step} ${told(result).replaceAll(database, 'database')}`));
}

function told(result: Result): string {
  switch (result.kind) {
    case 'rows':
      return `rows ${result.rows.map((row) => row.map((cell) => (cell === null ? 'null' : cell.toString('latin1'))).join(' | ')).join('\n')}`;
    case 'ok':
      return `ok ${result.affected} ${result.insertId} ${result.info}`;
    case 'error':
      return `error ${result.number} ${result.sqlState} ${result.message}`;
  }
}

/** The gateway's own refusals in a run. */
export function refusalsOf(run: MysqlRun): string[] {
  return run.replies
    .flat()
    .flatMap((result) => (result.kind === 'error' && result.message.startsWith('sqlwarden') ? [result.message] : []));
}
