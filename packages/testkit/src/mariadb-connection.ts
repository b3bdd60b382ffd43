import { type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { MariadbServer } from './mariadb-server.js';

/** A connection that answers as the wire does: every value as text. */
export interface MariadbConnection {
  /** Runs one statement; the rows of its result, or none. Rejects with the server's error (`errno`, `sqlState`). */
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  end(): Promise<void>;
}

export interface MariadbLogin {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

/** Connects over TCP, as root unless somebody else is named. */
export async function connectMariadb(server: MariadbServer, login: MariadbLogin = {}): Promise<MariadbConnection> {
  const options: ConnectionOptions = {
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    ...login,
    charset: 'utf8mb4',
    rowsAsArray: true,
    typeCast: (field) => field.string('utf8'),
  };
  const connection = await createConnection(options);
  return {
    async query(sql) {
      const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
      return Array.isArray(rows) ? rows.map((row) => Array.from(row as unknown as (string | null)[])) : [];
    },
    end: () => connection.end(),
  };
}
