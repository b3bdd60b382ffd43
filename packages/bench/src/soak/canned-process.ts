// The canned server in a process of its own: `canned-process.js <port> <url of a real server, whose results it takes>`. Ends with its input.
import { startCannedPostgres } from '@sqlwarden/testkit';
import pg from 'pg';

const [port, url] = process.argv.slice(2);
const client = new pg.Client({ connectionString: url });
await client.connect();
const asText = {
  getTypeParser:
    () =>
    (value: string): string =>
      value,
};

const server = await startCannedPostgres({
  port: Number(port),
  async answer(sql) {
    const { fields, rows, command, rowCount } = await client.query<string[]>({ text: sql, rowMode: 'array', types: asText });
    return {
      columns: fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID })),
      rows,
      tag: `${command ?? ''}${rowCount === null ? '' : ` ${rowCount}`}`,
    };
  },
});
process.stdin.resume();
process.stdin.on('end', () => {
  void server.stop().then(() => client.end());
});
