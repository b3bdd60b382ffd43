import { type Finding, findHaproxy, findPgbouncer } from '@sqlwarden/testkit';
import type { BenchDatabase } from './database.js';

/** The ways from the client to the server, in the order in which they are shown. */
export const PATH_NAMES = [
  'direct',
  'pipe',
  'pgbouncer',
  'haproxy',
  'sqlwarden',
  'policy',
  'password',
  'masks',
  'durable',
  'unrecorded',
] as const;
export type PathName = (typeof PATH_NAMES)[number];

/** What each is, for the reader of a table. */
export const PATH_NOTES: Readonly<Record<PathName, string>> = {
  direct: 'client and server, nothing between',
  pipe: 'a Node process that copies bytes between two sockets',
  pgbouncer: 'pgbouncer, pooling by session',
  haproxy: 'haproxy in TCP mode, one thread',
  sqlwarden: 'sqlwarden, everything allowed, nothing classified',
  policy: 'sqlwarden with classified columns, masks and rules, none of the masks on what is read',
  password: 'as policy; clients log in by SCRAM-SHA-256 and have no token',
  masks: 'sqlwarden with masks on what is read',
  durable: 'as policy; every statement, reads too, waits until its ledger entry is on the disk',
  unrecorded: 'as policy, with a ledger that writes nothing: for comparison only, no configuration does that',
};

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** One of the ways, ready to be measured. Everything is over TCP on the loopback interface. */
export interface OpenPath {
  readonly name: PathName;
  readonly port: number;
  /** Of the process between client and server; none where there is none. */
  readonly pid: number | undefined;
  /** For clients that know SCRAM. */
  readonly login: Login;
  /** For clients that only know a password in clear. */
  readonly clearLogin: Login;
  stop(): Promise<void>;
}

export interface PathRequest {
  readonly database: BenchDatabase;
  /** Processes of sqlwarden behind its port. */
  readonly workers: number;
  /** Where sqlwarden's processes leave their CPU profiles. */
  readonly profileDirectory?: string;
  /** A module that sqlwarden's process loads before its own, and what it reads from the environment. */
  readonly preload?: { readonly file: string; readonly env: Readonly<Record<string, string>> };
}

/** Whether what a path needs is on this machine. */
export function findPath(name: PathName): Finding {
  if (name === 'pgbouncer') return findPgbouncer();
  if (name === 'haproxy') return findHaproxy();
  return { found: true, name, path: process.execPath, version: process.version };
}
