import { createServer, type Socket } from 'node:net';
import { MessageReader } from './packets.js';
import type { TdsConversation } from './transcripts.js';

/** A server that plays a recording; see {@link playTdsTranscript}. */
export interface TdsPlayer {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Whether the last client was given everything. */
  readonly finished: boolean;
  stop(): Promise<void>;
}

/** What the server said when the client had sent as many messages as this since the last time. */
interface Turn {
  readonly messages: number;
  readonly reply: Buffer;
}

/**
 * Plays the server's part of a conversation that is not encrypted, to each client from its beginning: where the client has sent as many messages
 * as in the recording it gets what the server sent then, whatever is in its messages. `chunkBytes`: writes no more than this at once.
 *
 * @throws Error for a conversation that is encrypted: nobody has its keys.
 */
export async function playTdsTranscript(conversation: TdsConversation, chunkBytes = 65_536): Promise<TdsPlayer> {
  if (conversation.encryption !== 'none') throw new Error('this conversation is encrypted: it cannot be played');
  const turns = turnsOf(conversation);
  const sockets = new Set<Socket>();
  let finished = false;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    finished = false;
    const reader = new MessageReader();
    let [turn, messages] = [0, 0];
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      reader.push(bytes);
      while (reader.next() !== undefined) messages += 1;
      for (let next = turns[turn]; next !== undefined && messages >= next.messages; next = turns[turn]) {
        messages -= next.messages;
        turn += 1;
        for (let at = 0; at < next.reply.length; at += chunkBytes) socket.write(next.reply.subarray(at, at + chunkBytes));
      }
      finished = turn === turns.length;
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
      else reject(new Error('the operating system named no port'));
    });
  });
  return {
    host: '127.0.0.1',
    port,
    get finished() {
      return finished;
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function turnsOf({ reads }: TdsConversation): Turn[] {
  const turns: Turn[] = [];
  const reader = new MessageReader();
  let messages = 0;
  let reply: Buffer[] = [];
  const finish = (): void => {
    if (reply.length > 0) turns.push({ messages, reply: Buffer.concat(reply) });
    if (reply.length > 0) messages = 0;
    reply = [];
  };
  for (const { from, bytes } of reads) {
    if (from === 'server') {
      reply.push(bytes);
      continue;
    }
    finish();
    reader.push(bytes);
    while (reader.next() !== undefined) messages += 1;
  }
  finish();
  return turns;
}
