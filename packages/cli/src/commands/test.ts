import type { TestReport } from '@sqlwarden/runtime';
import { CONFIG_OPTION, defineCommand, JSON_OPTION } from '../command.js';
import { CommandFailure, EXIT } from '../failure.js';
import { oneLine, type Terminal } from '../terminal.js';
import { inspecting, reasonOf } from './inspect.js';

export const test = defineCommand({
  name: 'test',
  summary: "run the policy's own tests",
  details: [
    'Tests stand beside the rules, under "tests:". What a statement means depends on the schema, so the upstreams must be reachable;',
    'nothing of the tests is run there.',
  ],
  options: { ...CONFIG_OPTION, ...JSON_OPTION },
  run: ({ options, out, err }) =>
    inspecting(options.config, err, async (inspection) => {
      const reports = await inspection.runTests().catch((error: unknown) => {
        throw new CommandFailure(`the tests need the schema of every upstream, and one cannot be read: ${reasonOf(error)}`);
      });
      if (options.json) out.line(JSON.stringify(reports, undefined, 2));
      else printReports(reports, out);
      return reports.every((report) => report.passed) ? EXIT.ok : EXIT.failure;
    }),
});

function printReports(reports: readonly TestReport[], out: Terminal): void {
  for (const { file, line, name, passed, want, got } of reports) {
    out.line(`${passed ? out.style('green', 'ok  ') : out.style('red', 'FAIL')}  ${file}:${line}  ${oneLine(name, 100)}`);
    if (passed) continue;
    out.line(`      want  ${oneLine(want, 400)}`);
    out.line(`      got   ${oneLine(got, 400)}`);
  }
  const failed = reports.filter((report) => !report.passed).length;
  if (reports.length === 0) out.line('there are no tests; add some under "tests:" in a policy file');
  else out.line(`${reports.length - failed} passed, ${failed} failed`);
}
