import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { findPostgres, requireOrSkip, runProgram } from '@sqlwarden/testkit';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

(requireOrSkip(findPostgres(18)) ? describe : describe.skip)('the web request', () => {
  it('is answered as whoever sent it may see it, and recorded with their ticket', async () => {
    const { status, stdout, stderr } = await runProgram(process.execPath, [main], { timeoutMs: 60_000 });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/ada {3}GET \/people \n +200 .*"email":"m\*+@\*+\.com"/);
    expect(stdout).toMatch(/dana {2}GET \/people \n +200 .*"email":"maya\.chen@example\.com"/);
    expect(stdout).toMatch(/- {5}GET \/people \n +401 /);
    expect(stdout).toMatch(/ada {3}PUT \/people\/1\?name=Maya\+C\.\+Chen \n +403 .*send the ticket of the change as x-ticket/);
    expect(stdout).toMatch(/ada {3}PUT \/people\/1\?name=Maya\+C\.\+Chen CHG-2291\n +200 \{"changed":1\}/);
    expect(stdout).toMatch(/asserted {3}ticket CHG-2291 \(library\)/);
    expect(stdout).toMatch(/who +person ada/);
    expect(stdout).toContain('refused (intent-missing by ticket-for-changes)');
  }, 90_000);
});
