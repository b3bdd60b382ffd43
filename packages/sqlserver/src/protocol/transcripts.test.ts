import { describe, expect, it } from '@jest/globals';
import { requestsOfConversation, type TdsConversation, tdsTranscripts } from '@sqlwarden/testkit';
import { agreed, ReEncoder, type SeenMessage } from '../testing/re-encoder.js';

type Cut = (bytes: Uint8Array) => readonly Uint8Array[];

const asTheyCame: Cut = (bytes) => [bytes];
const byteByByte: Cut = (bytes) => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

/** Pieces of random lengths, the same for the same seed. */
function atRandom(seed: number): Cut {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  return (bytes) => {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + (below(4) === 0 ? below(8000) : below(40));
      pieces.push(bytes.subarray(at, at + length));
      at += length;
    }
    return pieces;
  };
}

interface Replayed {
  readonly client: ReEncoder;
  readonly server: ReEncoder;
}

/** Gives both ends of a conversation to their decoders, in the order in which it was recorded, cut by `cut`. */
function replay({ reads }: TdsConversation, cut: Cut): Replayed {
  const common = agreed();
  const client = new ReEncoder('client', common, cut);
  const server = new ReEncoder('server', common, cut);
  for (const { from, bytes } of reads) for (const piece of cut(Uint8Array.from(bytes))) (from === 'client' ? client : server).push(piece);
  return { client, server };
}

function sent({ reads }: TdsConversation, from: 'client' | 'server'): Buffer {
  return Buffer.concat(reads.filter((read) => read.from === from).map(({ bytes }) => bytes));
}

const transcripts = tdsTranscripts();

describe.each(transcripts.map((transcript) => [transcript.name, transcript] as const))('the transcript %s', (_, { conversations }) => {
  it.each([
    ['as it was read', asTheyCame],
    ['cut at random', atRandom(20_261)],
    ['cut at random otherwise', atRandom(7)],
    ['byte by byte', byteByByte],
  ] as const)('is decoded and encoded again to the same bytes, %s', (__, cut) => {
    for (const conversation of conversations) {
      const { client, server } = replay(conversation, cut);
      expect(client.left + server.left).toBe(0);
      expect(Buffer.compare(client.written, sent(conversation, 'client'))).toBe(0);
      expect(Buffer.compare(server.written, sent(conversation, 'server'))).toBe(0);
    }
  });

  it('holds the requests that another decoder finds in it', () => {
    for (const conversation of conversations) {
      const found = replay(conversation, atRandom(3)).client.seen.flatMap(plain);
      const expected = requestsOfConversation(conversation).requests.map((request) => {
        if (request.kind === 'batch') return { kind: 'batch', text: request.text };
        if (request.kind === 'rpc')
          return {
            kind: 'rpc',
            procedure: request.procedureId ?? request.procedure,
            parameters: request.parameters.map(({ name }) => name),
          };
        if (request.kind === 'bulk load') return { kind: 'bulk-load', rows: request.rows.length };
        return { kind: request.kind === 'transaction manager' ? 'transaction-manager' : request.kind };
      });
      expect(found).toEqual(expected);
    }
  });
});

function plain(message: SeenMessage): readonly object[] {
  switch (message.kind) {
    case 'batch':
    case 'bulk-load':
      return [message];
    case 'rpc':
      return message.request.calls.map(({ procedure, parameters }) => ({
        kind: 'rpc',
        procedure: 'id' in procedure ? procedure.id : procedure.name,
        parameters: parameters.map(({ name }) => name),
      }));
    case 'transaction-manager':
    case 'attention':
      return [{ kind: message.kind }];
    default:
      return [];
  }
}

it('the transcripts hold every request and token that they are said to hold', () => {
  const replayed = transcripts.flatMap(({ conversations }) => conversations.map((conversation) => replay(conversation, asTheyCame)));
  const kinds = new Set(replayed.flatMap(({ client }) => client.seen.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual(['attention', 'batch', 'bulk-load', 'login', 'prelogin', 'rpc', 'tls', 'transaction-manager']);
  const tokens = new Set(replayed.flatMap(({ server }) => server.tokens.map(({ kind }) => kind)));
  expect([...tokens].sort()).toEqual(
    [
      'COLINFO',
      'COLMETADATA',
      'DONE',
      'DONEINPROC',
      'DONEPROC',
      'ENVCHANGE',
      'ERROR',
      'INFO',
      'LOGINACK',
      'RETURNSTATUS',
      'RETURNVALUE',
      'TABNAME',
    ].sort(),
  );
});
