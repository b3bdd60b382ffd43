import type { LoginAnswer, WireSessionOptions } from '@sqlwarden/core';
import { sqlserverDialect } from '@sqlwarden/sqlserver';
import { LOGIN_ACCEPTED, sessionOptions } from '../model-host.js';
import { MASKED_CANARY, REFUSED_CANARY } from '../server-frames.js';
import type { TrialCourse, Wire } from '../trial.js';
import { ForwardCheck } from './forward-check.js';
import { ModelServer } from './model-server.js';
import { PacketStream } from './packets.js';
import * as give from './replies.js';
import { login, prelogin } from './requests.js';

const OPTIONS: WireSessionOptions = { ...sessionOptions((column) => sqlserverDialect.cellType(column)), greeting: '16.0.1000' };
/** Without TLS, on a network that nobody else is on. */
const ACCEPTED: LoginAnswer =
  LOGIN_ACCEPTED.kind === 'accept' ? { ...LOGIN_ACCEPTED, server: { ...LOGIN_ACCEPTED.server, isPrivate: true } } : LOGIN_ACCEPTED;

/** SQL Server's part in a trial. */
export function sqlserverWire(course: TrialCourse): Wire {
  const { direction, host, input } = course;
  const found = (what: string): void => course.found(what);
  const toClient = new PacketStream();
  const check: ForwardCheck = new ForwardCheck(host.leaves, found, () => server.probe);
  const server = new ModelServer(
    {
      sends: (packet) => void course.serverSends(packet),
      // A server that is made to lie does not share the session's view of what its ids stand for.
      takes: (request, statement) => {
        if (direction === 'client') check.takes(request, statement);
      },
      rejects: (what) => {
        if (direction === 'client') found(what);
      },
    },
    input.variant,
    direction === 'server' && input.answersRefused,
  );
  return {
    login: [prelogin(), login(input.variant)],
    loginAnswer: ACCEPTED,
    createSession: () => sqlserverDialect.createSession(host, OPTIONS),
    connected: () => undefined,
    notify: () => {
      // What a server says before it ends a session.
      const farewell = [give.failure(input.variant, 6005, 'SHUTDOWN is in progress.'), give.done(input.variant, give.DONE.error)];
      for (const packet of give.reply(...farewell)) course.serverSends(packet);
      course.serverCloses();
    },
    clientSent: () => undefined,
    toServer: (bytes) => server.receive(bytes),
    toClient: (bytes) => {
      for (const { bytes: frame } of toClient.push(bytes)) {
        if (direction === 'client' && holds(frame, MASKED_CANARY)) found('a masked value went to the client');
        if (holds(frame, REFUSED_CANARY)) found('an answer to what nobody asked went to the client');
      }
    },
    rest: () => ({ toClient: { bytes: toClient.rest, text: toClient.restText }, toServer: server.restBytes }),
  };
}

/** TDS has texts of UTF-16 in nearly all places. */
function holds(frame: Buffer, canary: string): boolean {
  return frame.includes(canary) || frame.includes(Buffer.from(canary, 'utf16le'));
}
