import pg from 'pg';
import { SceneError } from './claim.js';

/** Dates as the text that came over the wire, not as moments of some time zone. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.DATE, (text) => text);

/** A client of the gateway: node-postgres as any application uses it, with a token as its password. */
export async function connect(port: number, user: string, token: string): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, database: 'crm', user, password: token, application_name: user, types });
  // The gateway says goodbye when the scene ends; that is no failure.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** What a client sees of a refusal. */
export interface SeenError {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
}

/** Runs a statement that must fail, and answers the error as the client got it. */
export async function refused(client: pg.Client, sql: string): Promise<SeenError> {
  try {
    await client.query(sql);
  } catch (error) {
    const { code, message, detail } = error as pg.DatabaseError;
    return { code: code ?? '', message, detail: detail ?? '' };
  }
  throw new SceneError('this did not happen: a statement that policy refuses was refused');
}
