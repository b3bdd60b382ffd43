import type { BackendMessage } from './backend-messages.js';
import type { CorpusCase, Format, IdentityName, Protocol, Step } from './corpus-case.js';
import * as frontend from './frontend-messages.js';
import type { RawClient } from './raw-client.js';

/** How a case runs this time. */
export interface Variant {
  readonly protocol: Protocol;
  readonly format: Format;
}

/** What one step was answered. */
export type StepReply = readonly BackendMessage[];

export interface CaseRun {
  readonly replies: readonly StepReply[];
  /** Every byte that any of the case's `app` connections received, the login included. */
  readonly received: Buffer;
  readonly messages: readonly BackendMessage[];
}

export interface RunOptions {
  readonly open: (as: IdentityName) => Promise<RawClient>;
  /** Replaces `{{name}}` in statements and values. */
  readonly fill: Readonly<Record<string, string>>;
  /** Identities whose connections may receive what is protected. */
  readonly trusted?: readonly IdentityName[];
}

/** Every protocol and format that a case asks for. Formats of results exist in the extended protocol only. */
export function variantsOf(one: CorpusCase): Variant[] {
  return one.protocols.flatMap((protocol): Variant[] =>
    protocol === 'simple' ? [{ protocol, format: 'text' as const }] : one.formats.map((format) => ({ protocol, format })),
  );
}

const WRITING =
  /\b(alter|analyze|call|comment|copy|create|delete|do|drop|grant|insert|into|merge|refresh|replace|revoke|setval|nextval|truncate|update|lo_\w+)\b/i;

/** Whether a case may leave the database other than it found it; says yes too often rather than too seldom. */
export function mayChange(one: CorpusCase): boolean {
  return one.steps.some(({ sql = '' }) => WRITING.test(sql));
}

/** Runs the steps of a case one after another. A connection that the server closes ends the case early. */
export async function runCase(one: CorpusCase, variant: Variant, options: RunOptions): Promise<CaseRun> {
  const sessions = new Map<string, { readonly client: RawClient; readonly trusted: boolean }>();
  const replies: StepReply[] = [];
  try {
    for (const step of one.steps) {
      const name = step.session ?? 'a';
      const as = step.as ?? one.as;
      let session = sessions.get(name);
      if (session === undefined) {
        session = { client: await options.open(as), trusted: options.trusted?.includes(as) === true };
        sessions.set(name, session);
      }
      replies.push(await runStep(session.client, step, variant, options.fill));
    }
    const watched = [...sessions.values()].filter(({ trusted }) => !trusted).map(({ client }) => client);
    return {
      replies,
      received: Buffer.concat(watched.map((client) => client.received)),
      messages: watched.flatMap((client) => client.messages),
    };
  } finally {
    for (const { client } of sessions.values()) await client.close();
  }
}

async function runStep(client: RawClient, step: Step, { protocol, format }: Variant, fill: RunOptions['fill']): Promise<StepReply> {
  const sql = filled(step.sql ?? '', fill);
  if (protocol === 'simple') {
    client.send(frontend.query(sql));
  } else {
    const values = step.values?.map((value) => (value === null ? null : filled(value, fill)));
    client.send(...extendedMessages(step, sql, values, format));
  }
  return finish(client, step);
}

function extendedMessages(step: Step, sql: string, values: readonly frontend.BindValue[] = [], format: Format): Buffer[] {
  const portal = step.portal ?? '';
  const statement = step.name ?? (typeof step.run === 'string' ? step.run : '');
  const messages: Buffer[] = [];
  if (step.sql !== undefined) messages.push(frontend.parse(sql, statement));
  if (step.run !== false) messages.push(frontend.bind({ portal, statement, values, resultFormat: format }));
  messages.push(frontend.describePortal(portal), frontend.execute(portal, step.rows ?? step.fetch ?? 0));
  // Without Sync in between the portal stays open.
  for (let again = 0; step.rows !== undefined && step.keep !== true && again < 20; again += 1)
    messages.push(frontend.execute(portal, step.rows));
  return [...messages, frontend.sync()];
}

/** Reads up to ReadyForQuery, and sends the step's COPY data when it is asked for. */
async function finish(client: RawClient, step: Step): Promise<BackendMessage[]> {
  const messages: BackendMessage[] = [];
  while (!client.closed) {
    const message = await client.next().catch((error: unknown) => {
      if (client.closed) return undefined;
      throw error;
    });
    if (message === undefined) break;
    messages.push(message);
    if (message.type === 'Z') break;
    if (message.type === 'G') {
      client.send(frontend.copyData(step.copy ?? ''), frontend.copyDone());
      // In the extended protocol the server has thrown the Sync away that came while it waited for data.
      if (messages.some(({ type }) => type === '2')) client.send(frontend.sync());
    }
  }
  return messages;
}

function filled(text: string, fill: RunOptions['fill']): string {
  return text.replaceAll(/\{\{([a-z.]+)\}\}/g, (_, name: string) => {
    const value = fill[name];
    if (value === undefined) throw new Error(`there is no {{${name}}} to fill in`);
    return value;
  });
}
