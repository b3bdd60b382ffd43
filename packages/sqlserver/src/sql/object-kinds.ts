import type { OpaqueReason } from '@sqlwarden/core';
import type { TokenCursor } from './cursor.js';

/** Kinds of objects that CREATE, ALTER and DROP name and whose statements need no grammar of their own: a name, then options. */
export interface ObjectKind {
  /** Its words, lower case. */
  readonly kind: string;
  /** There is one of it; it has no name. */
  readonly nameless?: boolean;
  /** Changes who may do what, what is recorded of it, or what can be decrypted. */
  readonly privileges?: boolean;
  /** Brings in code or data that is not read here. */
  readonly code?: OpaqueReason;
  /** Words that begin statements elsewhere, and behind the name of ALTER a clause without which it is not complete. */
  readonly clauses?: readonly string[];
}

function runs(detail: string): OpaqueReason {
  return { kind: 'unknown-routine', detail };
}

function reaches(detail: string): OpaqueReason {
  return { kind: 'foreign-data', detail };
}

const KINDS: readonly ObjectKind[] = [
  { kind: 'aggregate', code: runs('an aggregate runs code of an assembly') },
  { kind: 'application role', privileges: true },
  { kind: 'assembly', code: runs('an assembly is code') },
  { kind: 'asymmetric key', privileges: true },
  { kind: 'availability group', clauses: ['set', 'create'], privileges: true },
  { kind: 'broker priority' },
  { kind: 'certificate', privileges: true },
  { kind: 'column encryption key', clauses: ['drop'], privileges: true },
  { kind: 'column master key', privileges: true },
  { kind: 'contract' },
  { kind: 'credential', privileges: true },
  { kind: 'cryptographic provider', privileges: true, code: runs('a cryptographic provider is code') },
  { kind: 'database', privileges: true },
  { kind: 'database audit specification', privileges: true },
  { kind: 'database encryption key', nameless: true, privileges: true },
  { kind: 'database scoped configuration', clauses: ['set'], nameless: true, privileges: true },
  { kind: 'database scoped credential', privileges: true },
  { kind: 'default' },
  { kind: 'endpoint', privileges: true, code: reaches('an endpoint serves others') },
  { kind: 'event notification', code: reaches('an event notification sends what happens to a service') },
  { kind: 'event session', clauses: ['drop'], privileges: true, code: reaches('an event session records the statements of others') },
  { kind: 'external data source', clauses: ['set'], privileges: true, code: reaches('an external data source reaches other servers') },
  { kind: 'external file format' },
  { kind: 'external language', clauses: ['set'], code: runs('an external language runs code of its own') },
  { kind: 'external library', clauses: ['set'], code: runs('an external library is code') },
  { kind: 'external model', clauses: ['set'], code: reaches('an external model is called over the network') },
  { kind: 'external resource pool', privileges: true },
  { kind: 'external stream', clauses: ['set'], code: reaches('an external stream reaches other servers') },
  { kind: 'external streaming job', code: reaches('a streaming job runs a query of its own') },
  { kind: 'federation', clauses: ['drop'], privileges: true },
  { kind: 'fulltext catalog' },
  { kind: 'fulltext stoplist', clauses: ['drop'] },
  { kind: 'function' },
  { kind: 'login', clauses: ['drop'], privileges: true },
  { kind: 'master key', clauses: ['drop'], nameless: true, privileges: true },
  { kind: 'materialized view' },
  { kind: 'message type' },
  { kind: 'partition function', clauses: ['merge'] },
  { kind: 'partition scheme' },
  { kind: 'procedure' },
  { kind: 'queue', code: runs('a queue may activate a procedure') },
  { kind: 'remote service binding', privileges: true },
  {
    kind: 'resource governor',
    clauses: ['reconfigure'],
    nameless: true,
    privileges: true,
    code: runs('a classifier function runs at every login'),
  },
  { kind: 'resource pool', privileges: true },
  { kind: 'role', privileges: true },
  { kind: 'route', code: reaches('a route leads to other servers') },
  { kind: 'rule' },
  { kind: 'schema' },
  { kind: 'search property list', clauses: ['drop'] },
  { kind: 'security policy', privileges: true },
  { kind: 'sequence' },
  { kind: 'server audit', privileges: true },
  { kind: 'server audit specification', privileges: true },
  { kind: 'server configuration', clauses: ['set'], nameless: true, privileges: true },
  { kind: 'server role', privileges: true },
  { kind: 'service' },
  { kind: 'service master key', clauses: ['drop'], nameless: true, privileges: true },
  { kind: 'symmetric key', clauses: ['drop'], privileges: true },
  { kind: 'synonym' },
  { kind: 'table' },
  { kind: 'type' },
  { kind: 'user', privileges: true },
  { kind: 'view' },
  { kind: 'workload classifier', privileges: true },
  { kind: 'workload group', privileges: true },
  { kind: 'xml schema collection' },
];

interface Candidate {
  readonly words: readonly string[];
  readonly object: ObjectKind;
}

/** By first word, longest first. */
const BY_WORD = new Map<string, Candidate[]>();
for (const object of KINDS) {
  const words = object.kind.split(' ');
  const first = words[0] ?? '';
  BY_WORD.set(
    first,
    [...(BY_WORD.get(first) ?? []), { words, object }].sort((a, b) => b.words.length - a.words.length),
  );
}

/** Consumes the words of a kind of object; `undefined` when none of them stands here. */
export function acceptObjectKind(cursor: TokenCursor): ObjectKind | undefined {
  const { kind, text } = cursor.peek();
  const candidates = kind === 'word' ? BY_WORD.get(text === 'proc' ? 'procedure' : text) : undefined;
  const found = candidates?.find(({ words }) => cursor.isPhrase(text, ...words.slice(1)));
  if (found === undefined) return undefined;
  for (let count = 0; count < found.words.length; count += 1) cursor.next();
  return found.object;
}
