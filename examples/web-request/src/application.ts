import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Pool, runAs } from '@sqlwarden/pg';

/** What the application does; no part of it knows for whom. */
class People {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async list(): Promise<readonly object[]> {
    const { rows } = await this.#pool.query<object>('select id, name, email from people order by id');
    return rows;
  }

  async rename(id: number, name: string): Promise<number> {
    const { rowCount } = await this.#pool.query('update people set name = $2 where id = $1', [id, name]);
    return rowCount ?? 0;
  }
}

/** The application as a web server. Who owns the result closes it. */
export function createApplication(configFile: string): { readonly server: Server; close(): Promise<void> } {
  // One pool for everybody: it has no identity of its own, so it asks `runAs` for one whenever a connection is taken.
  const pool = new Pool({ sqlwarden: configFile, max: 4 });
  const people = new People(pool);
  const server = createServer((request, response) => {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return answer(response, 401, { error: 'a bearer token is needed' });
    const handle = (): Promise<void> =>
      route(people, request, response).catch((error: Error) => answer(response, 403, { error: error.message }));
    try {
      // The one place that says who it is for, and why. It holds for everything that `handle` awaits.
      void runAs(token, { ticket: header(request, 'x-ticket'), traceparent: header(request, 'traceparent') }, handle);
    } catch (error) {
      answer(response, 400, { error: (error as Error).message });
    }
  });
  return {
    server,
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
    },
  };
}

async function route(people: People, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'GET' && pathname === '/people') return answer(response, 200, await people.list());
  const person = /^\/people\/(\d{1,9})$/.exec(pathname)?.[1];
  if (request.method !== 'PUT' || person === undefined) return answer(response, 404, { error: 'there is nothing here' });
  return answer(response, 200, { changed: await people.rename(Number(person), searchParams.get('name') ?? '') });
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
