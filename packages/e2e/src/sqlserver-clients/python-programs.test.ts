import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOrSkip } from '@sqlwarden/testkit';
import { maskedText, type Place, type ProgramSite, startProgramSite } from './program-site.js';
import { PYTHON_DRIVERS } from './python-programs.js';
import { SHOP_KINDS } from './shop-server.js';

describe.each(SHOP_KINDS)('drivers of Python through the sidecar, on $name', (kind) => {
  if (!requireOrSkip(kind.finding)) {
    it.skip('need the server', () => undefined);
    return;
  }
  let site: ProgramSite;
  beforeAll(async () => {
    site = await startProgramSite(kind);
  }, 120_000);
  afterAll(() => site?.stop());

  describe.each(PYTHON_DRIVERS)('$name', ({ needs, encryptions, ...driver }) => {
    (requireOrSkip(...needs) ? it : it.skip).each(encryptions)(
      'gets what it gets without the gateway, but for masks and a refusal, with encryption %s',
      async (encryption) => {
        const lines = async (place: Place, how = encryption): Promise<string[]> => {
          const { stdout, stderr, status } = await driver.run(site, place, how);
          expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
          return stdout.trim().split('\n');
        };
        const plain = await lines(site.direct, encryption === 'require' ? 'off' : encryption);
        expect(plain.length).toBe(6);
        for (const [place, want] of [
          [site.unmasked, plain],
          [site.masked, plain.map(maskedText)],
        ] as const) {
          const through = await lines(place);
          expect(through.filter((line) => !line.startsWith('["refused"'))).toEqual(want);
          expect(through.filter((line) => line.startsWith('["refused"')).join()).toContain('rule: no-unfiltered-write');
        }
        expect(plain.join()).toContain('900-11-2222');
      },
    );
  });

  it('leave no protocol errors behind', () => {
    expect(site.server.canned?.protocolErrors ?? []).toEqual([]);
    expect(site.gateway.running).toBe(true);
  });
});
