import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { postgresDialect } from '@sqlwarden/postgres';
import { Inspection } from '@sqlwarden/runtime';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import { ACCOUNT_PASSWORD, type SessionStage, setSessionStage } from './session-stage.js';

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('what check says of the roles that sessions run as', () => {
  let stage: SessionStage;
  let inspection: Inspection;

  beforeAll(async () => {
    const role = (name: string): { readonly credentials: object } => ({
      credentials: { mode: 'role', roles: [{ match: { groups: ['a'] }, role: name }] },
    });
    stage = await setSessionStage(18, {
      shared: {},
      supers: { credentials: { user: 'root' } },
      analyst: role('analyst'),
      climber: role('climber'),
      stranger: role('stranger'),
      missing: role('nosuchrole'),
      account: { credentials: { user: 'root', mode: 'role', roles: [{ match: { groups: ['a'] }, role: 'analyst' }] } },
      told: { ...role('analyst'), propagate: { subject: 'app.who' } },
      unread: { ...role('analyst'), propagate: { subject: 'app.nobody' } },
      bypassing: { ...role('bypasser'), propagate: { subject: 'app.who' } },
      owning: { ...role('owner'), propagate: { subject: 'app.who' } },
    });
    await stage.admin(`create role root login superuser password '${ACCOUNT_PASSWORD}'`);
    await stage.admin(
      'create role climber; grant root to climber; create role stranger; create role bypasser bypassrls; create role owner',
    );
    await stage.admin('grant climber, bypasser, owner to gateway; alter table notes owner to owner');
    inspection = new Inspection({ configFile: stage.gateway.configFile, dialects: [postgresDialect], onTrouble: () => undefined });
  });
  afterAll(async () => {
    await inspection?.close();
    await stage?.stop();
  });

  it.each([
    ['shared', ['"gateway", which is a member of a superuser']],
    ['analyst', []],
    ['told', []],
    ['supers', ['"root", a superuser, whom the server refuses nothing']],
    ['climber', ['"climber", which is a member of a superuser']],
    ['stranger', ['the account may not become "stranger"']],
    ['missing', ['there is no role "nosuchrole"']],
    ['account', ['the account "root" that the gateway reads the schema with is a superuser']],
    ['unread', ['no policy of row-level security reads app.nobody']],
    ['bypassing', ['does not hold for "bypasser" (superuser or BYPASSRLS)']],
    ['owning', ['does not hold for "owner", who owns notes']],
  ])('%s: %j', async (upstream, words) => {
    const warnings = await inspection.accountWarnings(upstream);
    expect(warnings).toHaveLength(words.length);
    for (const [at, text] of words.entries()) expect(warnings[at]).toContain(text);
  });
});
