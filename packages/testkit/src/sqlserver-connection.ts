import { Connection, Request } from 'tedious';

/** Where a server of TDS is, and who logs in. */
export interface SqlserverPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** PEM: with it TLS is asked for, and the server must prove itself by it as `localhost`. */
  readonly authority?: string;
}

export interface SqlserverLogin {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

export interface SqlserverConnection {
  /** Runs one batch; the rows of all its results, cells as tedious decodes them. Rejects with the server's error (`number`, `state`, `class`). */
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
  end(): Promise<void>;
}

/** Connects with tedious, as the place's own user unless somebody else is named. */
export async function connectSqlserver(place: SqlserverPlace, login: SqlserverLogin = {}): Promise<SqlserverConnection> {
  const { user = place.user, password = place.password, database } = login;
  const { authority } = place;
  const connection = new Connection({
    server: authority === undefined ? place.host : 'localhost',
    authentication: { type: 'default', options: { userName: user, password } },
    options: {
      port: place.port,
      encrypt: authority !== undefined,
      ...(authority === undefined ? {} : { cryptoCredentialsDetails: { ca: authority } }),
      ...(database === undefined ? {} : { database }),
      trustServerCertificate: false,
      connectTimeout: 60_000,
      requestTimeout: 0,
      // Who tries again hides what happened.
      maxRetriesOnTransientErrors: 0,
    },
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === undefined ? resolve() : reject(error)));
  });
  // What ends the connection is told to whoever asks next.
  connection.on('error', () => undefined);
  return {
    query: (sql) =>
      new Promise((resolve, reject) => {
        const rows: unknown[][] = [];
        const request = new Request(sql, (error) => ((error ?? undefined) === undefined ? resolve(rows) : reject(error)));
        request.on('row', (columns: readonly { readonly value: unknown }[]) => void rows.push(columns.map(({ value }) => value)));
        connection.execSqlBatch(request);
      }),
    end: () =>
      new Promise((resolve) => {
        connection.once('end', resolve);
        connection.close();
      }),
  };
}
