import { readFileSync } from 'node:fs';
import { describePrincipal } from '@sqlwarden/core';
import { type AdminClient, createAdminClient, loadConfig, type RequestSummary } from '@sqlwarden/runtime';
import { CONFIG_OPTION, DEFAULT_CONFIG } from '../command.js';
import { describeDuration } from '../duration.js';
import { CommandFailure, UsageError } from '../failure.js';
import { printable, type Terminal } from '../terminal.js';

export const ADMIN_OPTIONS = {
  ...CONFIG_OPTION,
  socket: { type: 'text', value: '<path>', help: 'the admin socket (default: the one of the configuration)' },
} as const;

export const TOKEN_OPTIONS = {
  'token-file': { type: 'text', value: '<file>', help: 'your token (default: the environment variable SQLWARDEN_TOKEN)' },
} as const;

/** The approvers' side of a running gateway. */
export function adminClient({ config, socket }: { readonly config: string | undefined; readonly socket: string | undefined }): AdminClient {
  if (socket !== undefined) return createAdminClient({ socket });
  const loaded = loadConfig(config ?? DEFAULT_CONFIG);
  if (loaded.admin === undefined) {
    throw new CommandFailure(
      `${loaded.file} has no admin socket; add: admin: { socket: ./run/sqlwarden.sock }, and start the gateway again`,
    );
  }
  return createAdminClient({ socket: loaded.admin.socket });
}

/** The approver's token. It is never taken from the command line, which other users of the machine can read. */
export function approverToken(file: string | undefined): string {
  const token = (file === undefined ? (process.env['SQLWARDEN_TOKEN'] ?? '') : readFileSync(file, 'utf8')).trim();
  if (token !== '') return token;
  throw new UsageError(
    file === undefined ? 'a token of your own is needed; write --token-file, or set SQLWARDEN_TOKEN' : '--token-file is an empty file',
  );
}

/** A request for people: what an approver has to know. */
export function printRequest(request: RequestSummary, now: number, out: Terminal): void {
  const { id, upstream, database, requester, asserted, rule, groups, people, requestedAt, expiresAt, decisions, text, textCut, state } =
    request;
  const left = expiresAt - now;
  out.line(
    `${out.style('bold', id)}  ${state === 'pending' ? `waiting for ${describeDuration(now - requestedAt)}, ${left > 0 ? `${describeDuration(left)} left` : 'time is up'}` : state}`,
  );
  out.line(`  asked by   ${describePrincipal(requester)}`);
  for (const [field, value] of Object.entries(asserted ?? {})) out.line(`  ${field.padEnd(10)} ${printable(value)} (asserted)`);
  out.line(`  on         ${upstream}${database === upstream ? '' : ` (database ${database})`}`);
  out.line(`  needs      ${people === 1 ? 'one person' : `${people} people`} of ${printable(groups.join(', '))} (rule ${printable(rule)})`);
  for (const { decision, approver, comment } of decisions) {
    out.line(
      `  ${decision === 'approve' ? 'approved by' : 'rejected by'} ${printable(approver.name ?? approver.id)}${comment === undefined ? '' : `: ${printable(comment)}`}`,
    );
  }
  const lines = printable(text).split('\n');
  for (const [at, line] of lines.entries()) out.line(`  ${at === 0 ? 'statement ' : '          '} ${out.style('cyan', line)}`);
  if (textCut) out.line('             … (the whole of it: sqlwarden pending --json)');
}
