import type { WireSessionOptions } from '@sqlwarden/core';
import { mysqlDialect } from '@sqlwarden/mysql';
import { LOGIN_ACCEPTED, sessionOptions } from '../model-host.js';
import { MASKED_CANARY, REFUSED_CANARY } from '../server-frames.js';
import type { TrialCourse, Wire } from '../trial.js';
import { handshakeResponse, password } from './client-packets.js';
import { ForwardCheck } from './forward-check.js';
import { ModelServer } from './model-server.js';
import { PacketStream } from './packets.js';
import * as reply from './server-packets.js';

const OPTIONS: WireSessionOptions = { ...sessionOptions((column) => mysqlDialect.cellType(column)), greeting: '9.7.4' };
const ERR = 0xff;

/** MySQL's part in a trial. */
export function mysqlWire(course: TrialCourse): Wire {
  const { direction, host, input } = course;
  const found = (what: string): void => course.found(what);
  const toClient = new PacketStream();
  /** The sequence id of the packet that the client got last. */
  let last = -1;
  const check: ForwardCheck = new ForwardCheck(host.leaves, found, () => server.probe);
  const server = new ModelServer(
    {
      sends: (packet) => void course.serverSends(packet),
      // A server that is made to lie does not share the session's view of what its ids stand for.
      takes: (packet, command, statement) => {
        if (direction === 'client') check.takes(packet, command, statement);
      },
      rejects: (what) => {
        if (direction === 'client') found(what);
      },
    },
    input.variant,
    direction === 'server' && input.answersRefused,
  );

  /** Each packet counts on from the last, or begins an answer; what ends a session may come unasked. */
  function inOrder(sequenceId: number, isErr: boolean): void {
    const isNext = sequenceId === ((last + 1) & 0xff) || sequenceId === 1;
    const isInLogin = last < 4 && sequenceId === last + 2;
    if (direction === 'client' && !isNext && !isInLogin && !(isErr && sequenceId === 0))
      found(`a packet with the sequence id ${sequenceId} went to the client after one with ${last}`);
    last = sequenceId;
  }

  return {
    login: [handshakeResponse(input.variant), password()],
    loginAnswer: LOGIN_ACCEPTED,
    createSession: () => mysqlDialect.createSession(host, OPTIONS),
    connected: () => server.greet(),
    notify: () => {
      // What a server says before it ends a session that was idle for long.
      course.serverSends(reply.err(0, 4031, 'HY000', 'the client was disconnected by the server because of inactivity'));
      course.serverCloses();
    },
    clientSent: (bytes) => check.clientSent(bytes),
    toServer: (bytes) => server.receive(bytes),
    toClient: (bytes) => {
      for (const { sequenceId, body, bytes: frame } of toClient.push(bytes)) {
        inOrder(sequenceId, body[0] === ERR);
        if (direction === 'client' && frame.includes(MASKED_CANARY)) found('a masked value went to the client');
        if (frame.includes(REFUSED_CANARY)) found('an answer to what nobody asked went to the client');
      }
    },
    rest: () => ({ toClient: { bytes: toClient.rest, text: toClient.restText }, toServer: server.restBytes }),
  };
}
