import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPostgres, freePort, requireOrSkip, runProgram } from '@sqlwarden/testkit';
import { COMMAND, configuration, type Site, startSite } from '../../test/site.js';

const suite = requireOrSkip(findPostgres(18)) ? describe : describe.skip;

suite('commands that need no running gateway', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  }, 60_000);
  afterAll(() => site.stop());

  it('lists the commands, and says with status 2 what was written wrongly', async () => {
    const overview = await site.run(['--help']);
    expect([overview.status, overview.stderr]).toEqual([0, '']);
    expect(overview.stdout).toMatch(/^ {2}ledger verify /m);
    expect((await site.run([])).status).toBe(2);
    expect(await site.run(['chekc'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^sqlwarden: there is no such command; the commands are: init, up, /),
    });
    expect(await site.run(['check', '--conect'])).toMatchObject({
      status: 2,
      stderr: 'sqlwarden: there is no option --conect here, only --config, --connect, --strict, --json; see: sqlwarden check --help\n',
    });
    expect((await site.run(['explain'])).stderr).toContain('<sql> is missing; write: sqlwarden explain <sql>');
    expect((await site.run(['explain', 'select', '1', '--groups', 'app'])).stderr).toContain('put texts with spaces in quotes');
    expect((await site.run(['ledger'])).stderr).toContain('write one of: sqlwarden ledger verify');
    expect((await site.run(['token', '--help'])).stdout).toContain('usage: sqlwarden token [options]');
    expect((await site.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }, 60_000);

  it.each(['postgres', 'mysql'])(
    'writes a first configuration of %s that check accepts, and overwrites nothing',
    async (database) => {
      const directory = mkdtempSync(path.join(tmpdir(), 'sqlwarden-init-'));
      const first = await site.run(['init', '--directory', directory, '--database', database]);
      expect(first.status).toBe(0);
      expect(statSync(path.join(directory, 'secrets/mask.key'))).toMatchObject({ size: 32, mode: 0o100600 });
      const again = await site.run(['init', '--directory', directory]);
      expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('is there already; nothing was written')]);
      const checked = await runProgram(process.execPath, [COMMAND, 'check'], { cwd: directory, env: { DB_PASSWORD: 'x' } });
      expect([checked.status, checked.stderr]).toEqual([0, '']);
      expect(checked.stdout).toContain('5 rules, default deny, mode enforce, 2 tests');
      rmSync(directory, { recursive: true });
    },
    60_000,
  );

  it('tells every problem of the files with its place, without a stack trace', async () => {
    site.write('broken/sqlwarden.yaml', 'version: 1\nenvironment: development\nupstreems: []\n');
    const { status, stdout, stderr } = await site.run(['check', '--config', 'broken/sqlwarden.yaml']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^broken\/sqlwarden\.yaml:3:1: upstreems is not a key .*; write upstreams instead$/m);
    expect(stderr).not.toMatch(/\n\s+at /);
    const missing = await site.run(['check', '--config', 'nowhere.yaml']);
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('nowhere.yaml: cannot be read (ENOENT)')]);
  }, 60_000);

  it('checks the files, and with --connect what does nothing on the database', async () => {
    const plain = await site.run(['check']);
    expect(plain.status).toBe(0);
    expect(plain.stdout).toContain('upstream       crm: not looked at');
    const connected = await site.run(['check', '--connect']);
    expect(connected.status).toBe(0);
    expect(connected.stdout).toMatch(/INACTIVE +pii\.phone crm\.public\.people\.phone \(policy\/crm\.yaml classify\[1\]\): /);
    expect((await site.run(['check', '--connect', '--strict'])).status).toBe(1);
    const json = JSON.parse((await site.run(['check', '--connect', '--json'])).stdout) as { upstreams: { inactive: object[] }[] };
    expect(json.upstreams[0]?.inactive).toHaveLength(1);
  }, 60_000);

  it('says so when an upstream cannot be reached, and fails', async () => {
    site.write('away.yaml', configuration(await freePort(), await freePort()));
    const checked = await site.run(['check', '--connect', '--config', 'away.yaml']);
    expect([checked.status, checked.stdout]).toEqual([1, expect.stringMatching(/crm: cannot be reached, .*ECONNREFUSED/)]);
    const tested = await site.run(['test', '--config', 'away.yaml']);
    expect([tested.status, tested.stdout, tested.stderr]).toEqual([
      1,
      '',
      expect.stringContaining('the tests need the schema of every upstream'),
    ]);
    const explained = await site.run(['explain', 'select 1', '--groups', 'app', '--config', 'away.yaml']);
    expect([explained.status, explained.stderr]).toEqual([1, expect.stringContaining('the schema of crm cannot be read')]);
  }, 60_000);

  it('runs the tests of the policy, and fails when one does', async () => {
    const passing = await site.run(['test']);
    expect([passing.status, passing.stdout]).toEqual([0, expect.stringMatching(/\n2 passed, 0 failed\n$/)]);
    const policy = readFileSync(path.join(site.directory, 'policy/crm.yaml'), 'utf8');
    site.write('policy/crm.yaml', policy.replace('refused: no-unfiltered-write', 'refused: another-rule'));
    const failing = await site.run(['test']);
    site.write('policy/crm.yaml', policy);
    expect(failing.status).toBe(1);
    expect(failing.stdout).toMatch(
      /FAIL {2}policy\/crm\.yaml:\d+ {2}a forgotten where\n +want .*another-rule.*\n +got .*no-unfiltered-write/,
    );
  }, 60_000);

  it('issues tokens that it believes itself, and writes nothing else', async () => {
    const args = [
      '--subject',
      'ada',
      '--kind',
      'person',
      '--groups',
      'app,dev',
      '--actor',
      'bot,groups=app+dev',
      '--model',
      'acme/forge:2.1',
      '--lifetime',
      '5m',
    ];
    const issued = await site.run(['token', ...args]);
    expect([issued.status, issued.stderr]).toEqual([0, '']);
    expect(issued.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const explained = await site.run(['explain', 'select email, city from people', '--as', issued.stdout.trim(), '--json']);
    const { principal, result } = JSON.parse(explained.stdout) as {
      principal: { subject: object; actors: object[] };
      result: { verdict: { effect: string; masks: { outputs: (null | { label: string })[] }[] } };
    };
    expect(principal.subject).toMatchObject({ kind: 'person', id: 'ada', groups: ['app', 'dev'] });
    expect(principal.actors).toMatchObject([
      { kind: 'agent', id: 'bot', groups: ['app', 'dev'], model: { provider: 'acme', name: 'forge', version: '2.1' } },
    ]);
    expect(result.verdict.effect).toBe('allow');
    expect(result.verdict.masks[0]?.outputs).toEqual([expect.objectContaining({ label: 'pii.email' }), null]);
    expect(await site.run(['token', '--subject', 'ada', '--lifetime', 'long'])).toMatchObject({ status: 2, stdout: '' });
    expect(await site.run(['token'])).toMatchObject({ status: 2, stdout: '' });
  }, 60_000);

  it('writes a token to a file that only its owner can read, and never over another file', async () => {
    expect((await site.run(['token', '--subject', 'ada', '--output', 'ada.token'])).stdout).toBe('');
    expect(statSync(path.join(site.directory, 'ada.token')).mode & 0o777).toBe(0o600);
    expect(await site.run(['token', '--subject', 'ada', '--output', 'ada.token'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('EEXIST'),
    });
  }, 60_000);

  it('explains a statement to people', async () => {
    const { status, stdout } = await site.run(['explain', 'select upper(email) as e from people', '--groups', 'app']);
    expect(status).toBe(0);
    expect(stdout).toContain('verdict    allowed');
    expect(stdout).toMatch(/returns +e +public\.people\.email \(derived\) +masked: redact/);
    expect((await site.run(['explain', 'delete from people', '--as', '{"groups": ["app"]}'])).stdout).toMatch(
      /refused: policy-denied by rule no-unfiltered-write\n +say which rows/,
    );
    expect((await site.run(['explain', 'selec 1', '--groups', 'app'])).stdout).toContain('refused: statement-unparsed');
    expect((await site.run(['explain', 'create table t (a int)', '--groups', 'dev'])).stdout).toContain(
      'held until one person of dba approves, at most 15 min',
    );
    expect((await site.run(['explain', 'select 1', '--as', '{"group": ["app"]}'])).status).toBe(2);
    expect((await site.run(['explain', 'select 1', '--as', 'x.y.z'])).stderr).toContain('the token is not accepted');
  }, 60_000);

  it('leaves no ledger behind', () => {
    expect(existsSync(path.join(site.directory, 'ledger'))).toBe(false);
  });
});
