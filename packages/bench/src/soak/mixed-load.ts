import pg from 'pg';

/** What one client did. */
export interface LoadCounts {
  statements: number;
  /** Errors that the load asks for: refusals and failures of the server. */
  wanted: number;
  /** Errors that it does not. */
  unwanted: string[];
}

export interface LoadRequest {
  readonly port: number;
  readonly token: string;
  readonly isOver: () => boolean;
  readonly counts: LoadCounts;
  /** Tells clients apart, so that they do not do the same at the same time. */
  readonly number: number;
}

const STATEMENTS_PER_CONNECTION = 2_000;
const MOST_UNWANTED = 20;

/** One client after another, each of which does everything that applications do, in turns, until it is over. */
export async function runMixedLoad(request: LoadRequest): Promise<void> {
  while (!request.isOver() && request.counts.unwanted.length < MOST_UNWANTED) {
    try {
      await runConnection(request);
    } catch (error) {
      request.counts.unwanted.push((error as Error).message);
    }
  }
}

async function runConnection({ port, token, isOver, counts, number }: LoadRequest): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'soak', database: 'soak', password: token });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (let turn = number; turn < STATEMENTS_PER_CONNECTION + number && !isOver(); turn += 1) {
      const step = STEPS[turn % STEPS.length] as Step;
      // Read after the step: others count meanwhile.
      const done = await step(client, turn, counts);
      counts.statements += done;
    }
  } finally {
    await client.end();
  }
}

/** Answers how many statements it was. */
type Step = (client: pg.Client, turn: number, counts: LoadCounts) => Promise<number>;

const pointRead: Step = async (client, turn) => {
  await client.query({ name: 'point', text: 'select name from people where id = $1', values: [turn % 1_000] });
  return 1;
};
const maskedRead: Step = async (client, turn) => {
  await client.query({ name: 'masked', text: 'select id, email from people where id < $1', values: [turn % 50] });
  return 1;
};
/** A text that nobody has sent before. */
const newText: Step = async (client, turn) => {
  await client.query(`select ${turn} as a, name from people where id = ${Math.floor(Math.random() * 1e9)}`);
  return 1;
};
const transaction: Step = async (client, turn) => {
  await client.query('begin');
  await client.query({ text: 'insert into events (kind) values ($1)', values: [`kind ${turn % 10}`] });
  await client.query('select count(*) from people');
  await client.query(turn % 3 === 0 ? 'rollback' : 'commit');
  return 4;
};
const severalAtOnce: Step = async (client) => {
  await client.query("select 1; select name from people where id = 1; set application_name = 'soak'");
  return 3;
};
const refused: Step = (client, _, counts) => failing(client, 'delete from people', counts);
const failed: Step = (client, _, counts) => failing(client, 'select 1/0 from people', counts);
const settings: Step = async (client) => {
  await client.query("set search_path to public, pg_catalog; set statement_timeout = '10s'");
  await client.query('reset all');
  return 3;
};
const manyRows: Step = async (client) => {
  await client.query('select id, name, email from people');
  return 1;
};

const STEPS: readonly Step[] = [
  pointRead,
  pointRead,
  pointRead,
  pointRead,
  pointRead,
  maskedRead,
  pointRead,
  pointRead,
  newText,
  transaction,
  pointRead,
  pointRead,
  severalAtOnce,
  maskedRead,
  pointRead,
  refused,
  pointRead,
  failed,
  pointRead,
  settings,
  pointRead,
  pointRead,
  manyRows,
];

async function failing(client: pg.Client, text: string, counts: LoadCounts): Promise<number> {
  try {
    await client.query(text);
  } catch {
    counts.wanted += 1;
    return 1;
  }
  throw new Error(`this was to fail: ${text}`);
}
