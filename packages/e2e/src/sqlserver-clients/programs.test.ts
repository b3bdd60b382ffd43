import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Finding, requireOrSkip } from '@sqlwarden/testkit';
import { type FreetdsWay, freetdsProgram, maskedText, type Place, type ProgramSite, startProgramSite } from './program-site.js';
import { SHOP_KINDS } from './shop-server.js';

const tsql = freetdsProgram('tsql');
const bsqldb = freetdsProgram('bsqldb');
const freebcp = freetdsProgram('freebcp');
const SCRIPT = 'select * from people\ngo\nset nocount on\ngo\nselect name, ssn from people where id = 2\ngo\nselect 1 / 0 as none\ngo\n';
const SECRET = /900-\d\d-\d\d\d\d|1200\.50/;

const WAYS: readonly FreetdsWay[] = [
  { version: '7.1' },
  { version: '7.2' },
  { version: '7.3' },
  { version: '7.4' },
  { encryption: 'request' },
  { encryption: 'require' },
];

const whereFound = (finding: Finding): typeof it => (requireOrSkip(finding) ? it : (it.skip as unknown as typeof it));

describe.each(SHOP_KINDS)('programs of FreeTDS through the sidecar, on $name', (kind) => {
  if (!requireOrSkip(kind.finding)) {
    it.skip('need the server', () => undefined);
    return;
  }
  let site: ProgramSite;
  beforeAll(async () => {
    site = await startProgramSite(kind);
  }, 120_000);
  afterAll(() => site?.stop());

  whereFound(tsql.finding).each(WAYS)('tsql shows what it shows without the gateway, but for masks: %j', async (way) => {
    // What is told of changed databases and languages at login is the server's own affair.
    const shown = async (place: Place, how = way): Promise<string> =>
      (await tsql.run(site, place, ['-o', 'q'], { ...how, input: SCRIPT })).stdout;
    const plain = await shown(site.direct, { ...way, encryption: 'request' });
    expect(plain).toContain('1\tAna\t900-11-2222\t1200.50');
    expect(await shown(site.unmasked)).toBe(plain);
    const masked = await shown(site.masked);
    expect(masked).toBe(maskedText(plain));
    expect(masked).not.toMatch(SECRET);
  });

  whereFound(tsql.finding)('tsql hears refusals as errors of the server', async () => {
    const { stderr } = await tsql.run(site, site.masked, ['-o', 'q'], { input: 'delete from people\ngo\nselect 1 as one\ngo\n' });
    expect(stderr).toMatch(/Msg 229 \(severity 14, state \d+\)/);
    expect(stderr).toContain('rule: no-unfiltered-write');
  });

  whereFound(tsql.finding)('tsql does not come in with a wrong password, nor where its token is cut', async () => {
    const wrong = await tsql.run(site, { ...site.masked, password: 'wrong' }, [], { input: 'exit\n' });
    expect(wrong.stderr).toContain('the password is wrong');
    const token = await tsql.run(site, { ...site.masked, user: 'somebody', password: site.gateway.site.token(['app']) }, [], {
      input: 'exit\n',
    });
    expect(token.stderr).toContain('has cut the token');
  });

  whereFound(bsqldb.finding)('bsqldb writes masked what it writes', async () => {
    const written = async (place: Place) => bsqldb.run(site, place, ['-q', '-h', '-t', '|'], { input: 'select * from people\ngo\n' });
    const plain = await written(site.direct);
    expect(plain.stdout).toContain('1|Ana|900-11-2222|1200.50\n');
    expect(await written(site.unmasked)).toMatchObject({ status: 0, stdout: plain.stdout });
    expect(await written(site.masked)).toMatchObject({ status: 0, stdout: maskedText(plain.stdout) });
  });

  whereFound(freebcp.finding)('freebcp copies tables out masked', async () => {
    const copied = async (name: 'direct' | 'masked' | 'unmasked'): Promise<string> => {
      const file = site.file(`out-${name}`, '');
      const { stdout } = await freebcp.run(site, site[name], ['shop.dbo.people', 'out', file, '-c', '-t', '|']);
      expect(stdout).toContain('3 rows copied.');
      return readFileSync(file, 'utf8');
    };
    const plain = await copied('direct');
    expect(plain).toContain('1|Ana|900-11-2222|1200.50\n');
    expect(await copied('unmasked')).toBe(plain);
    expect(await copied('masked')).toBe(maskedText(plain));
  });

  whereFound(freebcp.finding)('freebcp copies rows in', async () => {
    const file = site.file('in', '5\tfünf\n6\t\n');
    const copy = (place: Place) => freebcp.run(site, place, ['shop.dbo.visits', 'in', file, '-c']);
    const [plain, through] = [await copy(site.direct), await copy(site.masked)];
    expect({ status: through.status, stdout: through.stdout }).toEqual({ status: plain.status, stdout: plain.stdout });
    expect(through.stdout).toContain('2 rows copied.');
    const loads = site.server.canned?.requests.flatMap((request) => (request.kind === 'bulk load' ? [request.rows] : []));
    const rows = [
      [5, 'fünf'],
      [6, null],
    ];
    if (loads !== undefined) expect(loads).toEqual([rows, rows]);
  });

  it('leave no protocol errors and no secrets behind', () => {
    expect(site.server.canned?.protocolErrors ?? []).toEqual([]);
    expect(site.gateway.output).not.toMatch(SECRET);
    expect(site.gateway.output).not.toContain(site.masked.password);
    expect(site.gateway.running).toBe(true);
  });
});
