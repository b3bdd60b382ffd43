import { connect as connectSocket, type Socket } from 'node:net';
import { Connection, ISOLATION_LEVEL, Request, TYPES } from 'tedious';
import type { Value } from './sqlserver-case.js';
import { type Metadata, typeIn } from './declared-type.js';

/** What a request was answered, item by item: the tokens of [MS-TDS] section 2.2.7 that tedious tells of. */
export type Result =
  | { readonly kind: 'rows'; readonly columns: readonly Column[]; readonly rows: Row[] }
  | { readonly kind: 'count'; readonly count: number | undefined }
  | { readonly kind: 'status'; readonly value: unknown }
  | { readonly kind: 'output'; readonly name: string; readonly type: string; readonly value: Buffer | null }
  | { readonly kind: 'database'; readonly name: string }
  | { readonly kind: 'info'; readonly number: number; readonly message: string }
  | { readonly kind: 'error'; readonly number: number; readonly state: number; readonly class: number; readonly message: string };

/** Cells as texts, or as their bytes where they are binary. */
export type Row = readonly (Buffer | null)[];

export interface Column {
  readonly name: string;
  /** As T-SQL declares it. */
  readonly type: string;
  /** Type, length, precision, scale and flags. */
  readonly described: string;
}

export interface SqlserverLogin {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

export type Outputs = Readonly<Record<string, Value>>;
const NO_VALUES: Outputs = {};

/** [MS-TDS] section 2.2.6.6: numbers of procedures. */
const CURSOR_OPEN = 2;
const CURSOR_FETCH = 7;
const CURSOR_CLOSE = 9;
const PREPEXEC = 13;
const FETCH_NEXT = 2;
const FORWARD_ONLY = 4;
const READ_ONLY = 1;

/** tedious, in the clear and on its own socket: keeps every byte that the server sent. */
export class SqlserverClient {
  readonly #connection: Connection;
  readonly #chunks: Buffer[];
  #items: Result[] = [];
  #closed = false;
  #lost: (() => void) | undefined;

  private constructor(connection: Connection, chunks: Buffer[]) {
    this.#connection = connection;
    this.#chunks = chunks;
    connection.on('error', () => undefined);
    connection.on('end', () => {
      this.#closed = true;
      this.#lost?.();
    });
    connection.on('databaseChange', (name: string) => void this.#items.push({ kind: 'database', name }));
    connection.on('infoMessage', ({ number, message }) => void this.#items.push({ kind: 'info', number, message }));
    connection.on('errorMessage', ({ number, state, class: level, message }) => {
      this.#items.push({ kind: 'error', number, state, class: level, message });
    });
  }

  /** Rejects with the server's error where the login fails. */
  static async connect({ port, user, password, database }: SqlserverLogin): Promise<SqlserverClient> {
    const chunks: Buffer[] = [];
    const connection = new Connection({
      server: '127.0.0.1',
      authentication: { type: 'default', options: { userName: user, password } },
      options: {
        ...(database === undefined ? {} : { database }),
        encrypt: false,
        connectTimeout: 60_000,
        requestTimeout: 0,
        maxRetriesOnTransientErrors: 0,
        connector: () => recordingSocket(port, chunks),
      },
    });
    const client = new SqlserverClient(connection, chunks);
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error === undefined ? resolve() : reject(error)));
    });
    client.#items = [];
    return client;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** As the server's ENVCHANGE said it. */
  get inTransaction(): boolean {
    return (this.#connection as unknown as { readonly inTransaction: boolean }).inTransaction;
  }

  /** SQLBatch. */
  batch(sql: string): Promise<readonly Result[]> {
    return this.#run(sql, NO_VALUES, NO_VALUES, (request) => this.#connection.execSqlBatch(request));
  }

  /** sp_executesql, by its number. */
  executesql(sql: string, values: Outputs = NO_VALUES): Promise<readonly Result[]> {
    return this.#run(sql, values, NO_VALUES, (request) => this.#connection.execSql(request));
  }

  /** sp_prepare, sp_execute, sp_unprepare. */
  async prepared(sql: string, values: Outputs = NO_VALUES): Promise<readonly Result[]> {
    let again: ((error?: Error | null) => void) | undefined;
    const request = new Request(sql, (error) => again?.(error));
    this.#listen(request);
    for (const [name, value] of Object.entries(values)) request.addParameter(name, typeOf(value), null);
    request.on('error', (error) => again?.(error));
    const made = await this.#waiting((done) => {
      again = done;
      request.once('prepared', () => done());
      this.#connection.prepare(request);
    });
    if (this.#closed || made.some(({ kind }) => kind === 'error')) return made;
    const ran = await this.#waiting((done) => {
      again = done;
      this.#connection.execute(request, { ...values });
    });
    if (this.#closed) return [...made, ...ran];
    const gone = await this.#waiting((done) => {
      again = done;
      // tedious keeps the error of what ran.
      delete (request as { error?: unknown }).error;
      this.#connection.unprepare(request);
    });
    return [...made, ...ran, ...gone];
  }

  /** sp_prepexec, by its number as drivers send it; the handle it gives is another one each time. */
  async prepexec(sql: string, values: Outputs = NO_VALUES): Promise<readonly Result[]> {
    const declared = Object.entries(values).map(([name, value]) => `@${name} ${typeof value === 'number' ? 'int' : 'nvarchar(4000)'}`);
    const results = await this.procedure(PREPEXEC, (request) => {
      request.addOutputParameter('', TYPES.Int, null);
      request.addParameter('', TYPES.NVarChar, declared.length === 0 ? null : declared.join(', '));
      request.addParameter('', TYPES.NVarChar, sql);
      for (const [name, value] of Object.entries(values)) request.addParameter(name, typeOf(value), value);
    });
    return results.filter(({ kind }) => kind !== 'output');
  }

  /** sp_cursoropen, sp_cursorfetch and sp_cursorclose, by their numbers as drivers send them. */
  async cursor(sql: string, fetched = 100): Promise<readonly Result[]> {
    const opened = await this.procedure(CURSOR_OPEN, (request) => {
      request.addOutputParameter('', TYPES.Int, null);
      request.addParameter('', TYPES.NVarChar, sql);
      request.addOutputParameter('', TYPES.Int, FORWARD_ONLY);
      request.addOutputParameter('', TYPES.Int, READ_ONLY);
      request.addOutputParameter('', TYPES.Int, 0);
    });
    const handle = opened.find(({ kind }) => kind === 'output');
    const shown = opened.filter(({ kind }) => kind !== 'output');
    if (this.#closed || handle?.kind !== 'output' || handle.value === null || opened.some(({ kind }) => kind === 'error')) return shown;
    const call = (procedure: number, ...numbers: readonly number[]): Promise<readonly Result[]> =>
      this.procedure(procedure, (request) => {
        for (const number of [Number(handle.value?.toString()), ...numbers]) request.addParameter('', TYPES.Int, number);
      });
    const rows = await call(CURSOR_FETCH, FETCH_NEXT, 0, fetched);
    if (this.#closed) return [...shown, ...rows];
    return [...shown, ...rows, ...(await call(CURSOR_CLOSE))];
  }

  /** An RPC of a procedure by its name. */
  call(procedure: string, values: Outputs = NO_VALUES, outputs: Outputs = NO_VALUES): Promise<readonly Result[]> {
    return this.procedure(procedure, (request) => {
      for (const [name, value] of Object.entries(values)) request.addParameter(name, typeOf(value), value);
      this.#outputs(request, outputs);
    });
  }

  /** A transaction manager request. */
  transaction(action: 'begin' | 'commit' | 'rollback' | 'save'): Promise<readonly Result[]> {
    return this.#waiting((done) => {
      const connection = this.#connection;
      const ended = (error?: Error | null): void => done(error);
      if (action === 'begin') connection.beginTransaction(ended, '', ISOLATION_LEVEL.READ_COMMITTED);
      else if (action === 'commit') connection.commitTransaction(ended);
      else if (action === 'rollback') connection.rollbackTransaction(ended);
      else connection.saveTransaction(ended, 'here');
    });
  }

  /** `insert bulk` and the bulk load behind it; every column as nvarchar. */
  bulk(table: string, columns: readonly string[], rows: readonly (readonly Value[])[]): Promise<readonly Result[]> {
    return this.#waiting((done) => {
      const load = this.#connection.newBulkLoad(table, (error) => done(error));
      for (const column of columns) load.addColumn(column, TYPES.NVarChar, { length: 200, nullable: true });
      this.#connection.execBulkLoad(load, rows as unknown as Iterable<unknown[]>);
    });
  }

  /** Asks for RESETCONNECTION, as pools do. */
  reset(): Promise<readonly Result[]> {
    return this.#waiting((done) => this.#connection.reset((error) => done(error)));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await new Promise((resolve) => {
      this.#connection.once('end', resolve);
      this.#connection.close();
    });
  }

  #outputs(request: Request, outputs: Outputs): void {
    for (const [name, value] of Object.entries(outputs)) {
      const type = typeof value === 'number' ? TYPES.Int : TYPES.NVarChar;
      request.addOutputParameter(name, type, value, type === TYPES.NVarChar ? { length: 4000 } : {});
    }
  }

  /** An RPC by a name or a number. tedious writes numbers as procedure ids, and declares only texts. */
  procedure(procedure: string | number, add: (request: Request) => void): Promise<readonly Result[]> {
    return this.#waiting((done) => {
      const request = new Request(procedure as string, (error) => done(error));
      this.#listen(request);
      add(request);
      this.#connection.callProcedure(request);
    });
  }

  #run(sql: string, values: Outputs, outputs: Outputs, send: (request: Request) => void): Promise<readonly Result[]> {
    return this.#waiting((done) => {
      const request = new Request(sql, (error) => done(error));
      this.#listen(request);
      for (const [name, value] of Object.entries(values)) request.addParameter(name, typeOf(value), value);
      this.#outputs(request, outputs);
      send(request);
    });
  }

  /** Errors of the server are items; what tedious itself cannot do rejects, and a connection that is lost ends what is waited for. */
  #waiting(begin: (done: (error?: Error | null) => void) => void): Promise<readonly Result[]> {
    this.#items = [];
    if (this.#closed) return Promise.reject(new Error('the connection is closed'));
    return new Promise((resolve, reject) => {
      const end = (error?: Error | null): void => {
        this.#lost = undefined;
        const isServers = this.#closed || this.#items.some(({ kind }) => kind === 'error');
        if (error !== null && error !== undefined && !isServers) reject(error);
        else resolve(this.#items);
      };
      this.#lost = end;
      begin(end);
    });
  }

  #listen(request: Request): void {
    request.on('columnMetadata', (columns) => {
      const all = (Array.isArray(columns) ? columns : Object.values(columns)) as readonly (Metadata & { readonly colName: string })[];
      this.#items.push({ kind: 'rows', columns: all.map(columnOf), rows: [] });
    });
    request.on('row', (cells: readonly { readonly value: unknown }[]) => {
      const result = this.#items.findLast(({ kind }) => kind === 'rows');
      if (result?.kind === 'rows') result.rows.push(cells.map(({ value }) => cellOf(value)));
    });
    const counted = (count: number | undefined): void => void this.#items.push({ kind: 'count', count });
    request.on('done', (count) => counted(count));
    request.on('doneInProc', (count) => counted(count));
    request.on('doneProc', (count, _more, status: unknown) => {
      counted(count);
      this.#items.push({ kind: 'status', value: status });
    });
    request.on('returnValue', (name, value, metadata) => {
      this.#items.push({ kind: 'output', name, type: typeIn(metadata), value: cellOf(value) });
    });
  }
}

function columnOf(metadata: Metadata & { readonly colName: string }): Column {
  const { colName, type, dataLength, precision, scale, flags } = metadata;
  const described = `${colName} ${type.name} ${dataLength ?? ''} ${precision ?? ''} ${scale ?? ''} ${flags}`;
  return { name: colName, type: typeIn(metadata), described };
}

function cellOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof Date) return Buffer.from(value.toISOString());
  return Buffer.from(typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean | bigint));
}

function typeOf(value: Value): (typeof TYPES)['Int'] | (typeof TYPES)['NVarChar'] {
  return typeof value === 'number' ? TYPES.Int : TYPES.NVarChar;
}

function recordingSocket(port: number, chunks: Buffer[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host: '127.0.0.1', port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      // tedious takes it in this very turn, and the server speaks second.
      socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
      resolve(socket);
    });
  });
}
