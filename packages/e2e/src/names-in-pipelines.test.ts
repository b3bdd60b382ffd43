// oxlint-disable unicorn/no-thenable -- `then` is a key of rules
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { stringify } from 'yaml';
import { type BackendMessage, errorFieldsOf } from './harness/backend-messages.js';
import { type CorpusServer, GATEWAY_ROLE, startCorpusServer } from './harness/database.js';
import * as frontend from './harness/frontend-messages.js';
import { type RunningGateway, startGateway } from './harness/gateway.js';
import type { RawClient } from './harness/raw-client.js';

const POLICY = {
  version: 1,
  classify: [{ label: 'pii.ssn', columns: ['crm.public.people.ssn'] }],
  mask: [{ label: 'pii.ssn', with: 'redact', predicates: 'allow' }],
  rules: [{ id: 'all', then: 'allow' }],
};

const SECRET = '123-45-6789';
const SCHEMA = `
CREATE TABLE people (id int, name text, ssn text); INSERT INTO people VALUES (1, 'ada', '${SECRET}');
GRANT ALL ON ALL TABLES IN SCHEMA public TO ${GATEWAY_ROLE}`;
const HARMLESS = 'select name from people';
const READS_SECRET = 'select ssn from people';

function codes(messages: readonly BackendMessage[]): string[] {
  return messages.filter(({ type }) => type === 'E').map((one) => errorFieldsOf(one).code);
}

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('the name of a prepared statement, in pipelines', () => {
  let server: CorpusServer;
  let gateway: RunningGateway;
  let client: RawClient;

  beforeAll(async () => {
    server = await startCorpusServer();
    await server.admin('postgres', `create database crm owner ${GATEWAY_ROLE}`);
    await server.admin('crm', SCHEMA);
    gateway = await startGateway({ server, upstreams: { crm: 'crm' }, policies: [stringify(POLICY)] });
  });
  beforeEach(async () => {
    await client?.close();
    client = await gateway.connect('crm', gateway.token(['app']));
    // What the columns are is known from here on.
    client.send(
      frontend.parse(HARMLESS, 's'),
      frontend.describeStatement('s'),
      frontend.bind({ statement: 's' }),
      frontend.execute(),
      frontend.sync(),
    );
    expect(codes(await client.untilReady())).toEqual([]);
  });
  afterAll(async () => {
    await client?.close();
    await gateway?.stop();
    await server?.stop();
  });

  const failingClose = (): Buffer[] => [
    frontend.parse('select 1 / 0'),
    frontend.bind(),
    frontend.execute(),
    frontend.closeStatement('s'),
    frontend.sync(),
  ];
  const runs = (): Buffer[] => [frontend.bind({ statement: 's' }), frontend.execute(), frontend.sync()];
  const got = (messages: readonly BackendMessage[]): string => Buffer.concat(messages.map(({ body }) => body)).toString('latin1');

  it('stays what it was when the Close of it was skipped', async () => {
    client.send(...failingClose(), ...runs());
    const messages = await client.untilReady(2);
    expect(codes(messages)).toEqual(['22012']);
    expect(got(messages)).toContain('ada');
  });

  it('is forgotten when a second Close ran after one that was skipped, and PREPARE takes it', async () => {
    client.send(...failingClose(), frontend.closeStatement('s'), frontend.sync());
    await client.untilReady(2);
    await client.query(`prepare s as ${READS_SECRET}`);
    client.send(...runs());
    expect(got(await client.untilReady())).not.toContain(SECRET);
  });

  it('is asked for when SQL gave it to another while a Close was under way that is then skipped', async () => {
    client.send(...failingClose(), frontend.query('deallocate s'), frontend.query(`prepare s as ${READS_SECRET}`));
    await client.untilReady(3);
    client.send(...runs());
    expect(got(await client.untilReady())).not.toContain(SECRET);
  });

  it('is that of the statement which was made between two Closes that were skipped and one that was not', async () => {
    client.send(
      ...failingClose(),
      frontend.closeStatement('s'),
      frontend.sync(),
      frontend.parse(READS_SECRET, 's'),
      frontend.sync(),
      ...failingClose(),
    );
    await client.untilReady(4);
    client.send(...runs());
    const messages = await client.untilReady();
    expect(codes(messages)).toEqual([]);
    expect(got(messages)).not.toContain(SECRET);
    expect(got(messages)).not.toContain('ada');
  });
});
