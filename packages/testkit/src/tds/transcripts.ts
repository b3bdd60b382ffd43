import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENCRYPTION, readPrelogin } from './login-message.js';

/** One read of a socket: not a packet, and not a message. */
export interface TdsRead {
  readonly from: 'client' | 'server';
  readonly bytes: Buffer;
}

export interface TdsConversation {
  /** From 1. */
  readonly connection: number;
  /** In the order in which they came. */
  readonly reads: readonly TdsRead[];
  /** `login`: LOGIN7 and the handshake before it are encrypted. `all`: everything after PRELOGIN. `strict`: TLS from the first byte. */
  readonly encryption: 'none' | 'login' | 'all' | 'strict';
}

export interface TdsStatement {
  readonly text: string;
  /** How it was sent. */
  readonly mode: string;
}

/** A recording; packages/testkit/fixtures/tds/README.md says where they come from. */
export interface TdsTranscript {
  readonly name: string;
  readonly description: string;
  readonly client: string;
  readonly conversations: readonly TdsConversation[];
  /** What the client executed, as far as it was written down. */
  readonly statements: readonly TdsStatement[];
  /** The entry of `index.json`, whole. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const FOLDER = fileURLToPath(new URL('../../fixtures/tds/', import.meta.url));

/** All recordings, by name. */
export function tdsTranscripts(): readonly TdsTranscript[] {
  const index = JSON.parse(readFileSync(join(FOLDER, 'index.json'), 'utf8')) as Record<string, Record<string, unknown>>;
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.jsonl'))
    .sort()
    .map((file) => {
      const name = file.slice(0, -'.jsonl'.length);
      const facts = index[name];
      if (facts === undefined) throw new Error(`index.json does not say what ${file} is`);
      return {
        name,
        description: String(facts['description']),
        client: String(facts['client']),
        conversations: readConversations(readFileSync(join(FOLDER, file), 'utf8')),
        statements: statementsOf(facts['observed']),
        facts,
      };
    });
}

interface Line {
  readonly conn: number;
  readonly dir: string;
  readonly b64?: string;
}

function readConversations(text: string): TdsConversation[] {
  const reads = new Map<number, TdsRead[]>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const { conn, dir, b64 } = JSON.parse(line) as Line;
    const own = reads.get(conn) ?? [];
    reads.set(conn, own);
    if (b64 !== undefined) own.push({ from: dir === 'c2s' ? 'client' : 'server', bytes: Buffer.from(b64, 'base64') });
  }
  return [...reads].map(([connection, own]) => ({ connection, reads: own, encryption: encryptionOf(own) }));
}

const PRELOGIN = 0x12;
const TLS_HANDSHAKE = 0x16;
const HEADER_BYTES = 8;

function encryptionOf(reads: readonly TdsRead[]): TdsConversation['encryption'] {
  if (reads[0]?.bytes[0] === TLS_HANDSHAKE) return 'strict';
  const handshake = reads.some(({ bytes }) => bytes[0] === PRELOGIN && bytes[HEADER_BYTES] === TLS_HANDSHAKE);
  if (!handshake) return 'none';
  const answer = reads.find(({ from }) => from === 'server')?.bytes.subarray(HEADER_BYTES);
  return answer !== undefined && readPrelogin(answer).encryption === ENCRYPTION.off ? 'login' : 'all';
}

function statementsOf(observed: unknown): TdsStatement[] {
  if (!Array.isArray(observed)) return [];
  return (observed as readonly unknown[]).flatMap((step) => {
    const { sql, mode } = (step ?? {}) as { sql?: unknown; mode?: unknown };
    return typeof sql === 'string' ? [{ text: sql, mode: String(mode) }] : [];
  });
}
