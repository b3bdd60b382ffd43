import { defineCommand, JSON_OPTION } from '../command.js';
import { EXIT } from '../failure.js';
import { ADMIN_OPTIONS, adminClient, printRequest } from './admin.js';

export const pending = defineCommand({
  name: 'pending',
  summary: 'list the statements that wait for an approval',
  options: { ...ADMIN_OPTIONS, ...JSON_OPTION },
  async run({ options, out }) {
    const requests = await adminClient(options).pending();
    if (options.json) {
      out.line(JSON.stringify(requests, undefined, 2));
      return EXIT.ok;
    }
    if (requests.length === 0) out.line('nothing waits for an approval');
    const now = Date.now();
    for (const [at, request] of requests.entries()) {
      if (at > 0) out.line();
      printRequest(request, now, out);
    }
    return EXIT.ok;
  },
});
