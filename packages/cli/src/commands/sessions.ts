import { describePrincipal } from '@sqlwarden/core';
import type { SessionActivity } from '@sqlwarden/runtime';
import { defineCommand, JSON_OPTION } from '../command.js';
import { describeDuration } from '../duration.js';
import { EXIT } from '../failure.js';
import { aligned, oneLine } from '../terminal.js';
import { ADMIN_OPTIONS, adminClient } from './admin.js';

export const sessions = defineCommand({
  name: 'sessions',
  summary: 'list the clients that are connected, who they are, until when, and what they run',
  details: ['One line each: session, upstream, state or what runs, since when, when its identity ends, address, and who it is.'],
  options: { ...ADMIN_OPTIONS, ...JSON_OPTION },
  async run({ options, out }) {
    const open = await adminClient(options).sessions();
    if (options.json) {
      out.line(JSON.stringify(open, undefined, 2));
      return EXIT.ok;
    }
    const now = Date.now();
    const rows = open.map(({ id, upstream, worker, state, activity, openedAt, client, principal }) => [
      id,
      upstream,
      ...(worker === undefined ? [] : [worker]),
      activity === undefined ? state : doing(activity),
      describeDuration(now - openedAt),
      principal === undefined ? '' : ending(principal.expiresAt, now),
      oneLine(client, 60),
      principal === undefined ? 'not logged in' : oneLine(describePrincipal(principal), 200),
    ]);
    for (const line of aligned(rows)) out.line(line);
    out.line(`${open.length} connected`);
    return EXIT.ok;
  },
});

/** What runs, without anything of its text. */
function doing({ kind, request, statements = [], forMs }: SessionActivity): string {
  if (kind === 'held') return `held (${request ?? ''})`;
  const what = statements.map(({ action, relations }) => [action, ...relations].join(' ')).join('; ');
  return oneLine(`${what === '' ? 'running' : what} for ${describeDuration(forMs ?? 0)}`, 80);
}

function ending(expiresAt: number, now: number): string {
  if (expiresAt >= FAR) return 'does not end';
  return expiresAt <= now ? 'has expired' : `${describeDuration(expiresAt - now)} left`;
}

/** Passwords and certificates without an end. */
const FAR = Number.MAX_SAFE_INTEGER / 2;
