import { describePrincipal } from '@sqlwarden/core';
import { defineCommand, JSON_OPTION } from '../command.js';
import { describeDuration } from '../duration.js';
import { EXIT } from '../failure.js';
import { aligned, oneLine } from '../terminal.js';
import { ADMIN_OPTIONS, adminClient } from './admin.js';

export const sessions = defineCommand({
  name: 'sessions',
  summary: 'list the clients that are connected, and who they are',
  options: { ...ADMIN_OPTIONS, ...JSON_OPTION },
  async run({ options, out }) {
    const open = await adminClient(options).sessions();
    if (options.json) {
      out.line(JSON.stringify(open, undefined, 2));
      return EXIT.ok;
    }
    const now = Date.now();
    const rows = open.map(({ id, upstream, worker, state, openedAt, client, principal }) => [
      id,
      upstream,
      ...(worker === undefined ? [] : [worker]),
      state,
      describeDuration(now - openedAt),
      oneLine(client, 60),
      principal === undefined ? 'not logged in' : oneLine(describePrincipal(principal), 200),
    ]);
    for (const line of aligned(rows)) out.line(line);
    out.line(`${open.length} connected`);
    return EXIT.ok;
  },
});
