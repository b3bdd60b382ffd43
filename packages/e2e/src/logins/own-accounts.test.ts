import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerEvent } from '@sqlwarden/core';
import { readEntries } from '@sqlwarden/ledger';
import { findPostgres, requireOrSkip } from '@sqlwarden/testkit';
import type pg from 'pg';
import { type SessionStage, setSessionStage, tried } from './session-stage.js';

/** What need not be durable is in the file by then. */
const WRITTEN_WITHIN_MS = 150;
const CAROL = 'carols own secret, that is nowhere';
/** The server cuts longer names to this one. */
const LONGEST = 'n'.repeat(63);

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('sessions with accounts of their own on the server', () => {
  let stage: SessionStage;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sqlwarden-minted-'));
    const mint = join(directory, 'mint.sh');
    // The password of each user is its name backwards; what the program was told is kept.
    writeFileSync(
      mint,
      `#!/bin/sh\nenv | grep -E '^SQLWARDEN_(USER|SUBJECT|ISSUER|KIND|GROUPS|ACTORS)=' | sort > "${directory}/$SQLWARDEN_USER-$$.told"\nprintf '%s' "$SQLWARDEN_USER" | rev\n`,
    );
    chmodSync(mint, 0o755);
    const minted = { command: [mint] };
    stage = await setSessionStage(
      18,
      {
        own: { credentials: { mode: 'client-password', kind: 'person' }, propagate: { subject: 'app.who', groups: 'app.groups' } },
        minted: {
          credentials: {
            mode: 'minted',
            minted,
            roles: [
              { match: { groups: ['own'] }, role: '{id}' },
              { match: { groups: ['blue'] }, role: 'blue_user' },
            ],
          },
        },
      },
      ['host all trusted 127.0.0.1/32 trust'],
    );
    await stage.admin(`create role carol login password '${CAROL}' in role analyst`);
    await stage.admin(`create role ${LONGEST} login password '${CAROL}'`);
    await stage.admin(
      "create role blue_user login password 'resu_eulb'; create role dave login password 'evad'; create role trusted login",
    );
  });
  afterAll(async () => {
    await stage?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const own = (user: string, password: string): Promise<pg.Client> => stage.connect('own', user, [], { config: { password } });
  const events = async <T extends LedgerEvent['type']>(type: T): Promise<Extract<LedgerEvent, { type: T }>[]> => {
    const found = [];
    for await (const { event } of readEntries(stage.gateway.ledgerDirectory)) if (event.type === type) found.push(event);
    return found as Extract<LedgerEvent, { type: T }>[];
  };

  it('lets a client in with its own password, as whom the server knows', async () => {
    const carol = await own('carol', CAROL);
    expect(await tried(carol, "select session_user || ' ' || current_setting('app.who') || ' ' || current_setting('app.groups')")).toBe(
      'carol carol ["analyst"]',
    );
    expect(await tried(carol, 'select id from secrets')).toBe('42501');
    await carol.end();
    const [opened] = (await events('session.opened')).filter(({ serverUser }) => serverUser === 'carol');
    expect(opened?.principal).toMatchObject({
      subject: { kind: 'person', id: 'carol', issuer: 'urn:sqlwarden:upstream:own', groups: ['analyst'] },
      proof: { subject: 'password' },
    });
  });

  it.each([
    ['a wrong password', 'carol', 'wrong', '28P01'],
    ['somebody who is not there', 'nobody', 'x', '28P01'],
    ['no password', 'carol', '', '28000'],
    ['somebody whom the server asks for nothing', 'trusted', 'x', '08004'],
  ])('refuses %s, and writes down no session', async (_, user, password, code) => {
    await delay(WRITTEN_WITHIN_MS);
    const [opened, refused] = [(await events('session.opened')).length, (await events('login.refused')).length];
    await expect(own(user, password)).rejects.toMatchObject({ code });
    await delay(WRITTEN_WITHIN_MS);
    expect([(await events('session.opened')).length, (await events('login.refused')).length]).toEqual([opened, refused + 1]);
  });

  it('takes the longest name, and none that the server would cut to it', async () => {
    await (await own(LONGEST, CAROL)).end();
    await expect(own(`${LONGEST}x`, CAROL)).rejects.toThrow('63 bytes at most');
  });

  it('slows down who guesses', async () => {
    const answers = [];
    for (let count = 0; count < 7; count += 1)
      answers.push(await own('guessed', `x${count}`).catch((error: { code: string }) => error.code));
    expect(answers[0]).toBe('28P01');
    expect(answers.at(-1)).toBe('28000');
    const carol = await own('carol', CAROL);
    await carol.end();
  });

  it('makes a password for each identity, once for as long as it is good', async () => {
    const [ada, bob] = [await stage.connect('minted', 'ada', ['blue']), await stage.connect('minted', 'bob', ['blue'])];
    const again = await stage.connect('minted', 'ada', ['blue']);
    const dave = await stage.connect('minted', 'dave', ['own', 'blue']);
    expect(await Promise.all([ada, bob, again, dave].map((client) => tried(client, 'select session_user')))).toEqual([
      'blue_user',
      'blue_user',
      'blue_user',
      'dave',
    ]);
    await Promise.all([ada, bob, again, dave].map((client) => client.end()));
    const told = readdirSync(directory).filter((name) => name.endsWith('.told'));
    const texts = told.map((name) => readFileSync(join(directory, name), 'utf8'));
    expect(texts.filter((text) => text.includes('SQLWARDEN_USER=blue_user'))).toHaveLength(2);
    const issuer = stage.gateway.issuer.issuer;
    expect(texts.find((text) => text.includes('SUBJECT=dave'))).toBe(
      [
        'SQLWARDEN_ACTORS=[]',
        'SQLWARDEN_GROUPS=["own","blue"]',
        `SQLWARDEN_ISSUER=${issuer}`,
        'SQLWARDEN_KIND=person',
        'SQLWARDEN_SUBJECT=dave',
        'SQLWARDEN_USER=dave',
        '',
      ].join('\n'),
    );
    await expect(stage.connect('minted', 'eve', [])).rejects.toThrow('no line');
  });

  it('keeps no password and tells none', () => {
    const told = stage.gateway.troubles.map((trouble) => `${trouble.message} ${String(trouble.cause)}`).join('\n');
    const texts = [told, stage.server.log(), ...filesIn(stage.gateway.ledgerDirectory)];
    for (const secret of [CAROL, 'resu_eulb', 'evad']) for (const text of texts) expect(text.includes(secret)).toBe(false);
    expect(existsSync(stage.gateway.ledgerDirectory)).toBe(true);
  });
});

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'));
}
