import type { Scene } from './scene.js';

export type SystemName = 'postgres' | 'mysql';

/** What the scene needs of a database system: everything in it that is said in the words of one of them. */
export interface System {
  /** As configuration calls it. */
  readonly name: SystemName;
  /** As the audience knows it. */
  readonly title: string;
  /** Where its clients reach the gateway, if nobody has that port. */
  readonly usualPort: number;
  /** As facts and the ledger name it. */
  readonly table: string;
  /** Gives everybody the feature: the share of refunded orders. */
  readonly fill: string;
  startDatabase(): Promise<Database>;
  /** A client of the gateway, as any application has it, with a token as its password. */
  connect(port: number, user: string, token: string): Promise<Client>;
  /** Waits until a statement of the client is held, and shows what tells it. Answers the id of the request. */
  held(scene: Scene, client: Client): Promise<string>;
  /** The client that a person would have used, or why it cannot be. */
  readonly shell: Shell;
  /** How a person connects with the token in a file. */
  connectCommand(port: number, tokenFile: string): string;
}

/** What a statement came to. Dates are texts. */
export interface Result<Row> {
  readonly rows: readonly Row[];
  readonly affected: number;
}

/** What a client sees of a refusal. */
export interface SeenError {
  readonly code: string;
  readonly message: string;
}

export interface Client {
  query<Row = unknown>(sql: string): Promise<Result<Row>>;
  /** Runs a statement that must fail. */
  refused(sql: string): Promise<SeenError>;
  /** Resolves with the next notice; never where the protocol has none. */
  notice(): Promise<string>;
  end(): Promise<void>;
}

/** A database with made-up data, and a client that goes straight to it, past the gateway: for what is shown as stored. */
export interface Database {
  readonly port: number;
  readonly version: string;
  readonly people: number;
  readonly orders: number;
  /** Of the gateway's own account. */
  readonly password: string;
  readonly direct: Client;
  stop(): Promise<void>;
}

/** A command that runs one statement as a person would. */
export interface Shell {
  readonly name: string;
  /** `undefined`: it is not on this machine, for `reason`. */
  readonly program: string | undefined;
  readonly reason: string;
  readonly args: (port: number, user: string, sql: string) => readonly string[];
  readonly env: (token: string) => Readonly<Record<string, string>>;
}

/** Counts the rows of a table. */
export async function countOf(client: Client, table: string): Promise<number> {
  const { rows } = await client.query<{ readonly count: number | string }>(`select count(*) as count from ${table}`);
  return Number(rows[0]?.count);
}
