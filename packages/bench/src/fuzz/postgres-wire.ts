import { postgresDialect } from '@sqlwarden/postgres';
import { password } from './client-frames.js';
import { ForwardCheck } from './forward-check.js';
import { FrameStream, startupMessage } from './frames.js';
import { LOGIN_ACCEPTED, sessionOptions } from './model-host.js';
import { ModelServer } from './model-server.js';
import * as reply from './server-frames.js';
import type { TrialCourse, Wire } from './trial.js';

const SESSION_OPTIONS = sessionOptions((column) => postgresDialect.cellType(column));
const LOGIN = [startupMessage({ user: 'ada', database: 'crm' }), password('token')];
const BACKEND_TYPES = new Set('RKZT123ntsIGHWAVNvSDCEdc');
const DECLINE = 0x4e;
const COPY_IN = 0x47;
const LIES = [
  reply.parseComplete(),
  reply.rowDescription(0),
  reply.dataRow([reply.REFUSED_CANARY, reply.REFUSED_CANARY]),
  reply.complete(`SELECT ${reply.REFUSED_CANARY}`),
];

/** PostgreSQL's part in a trial. */
export function postgresWire(course: TrialCourse): Wire {
  const { direction, host, input, random } = course;
  const found = (what: string): void => course.found(what);
  const toClient = new FrameStream(false);
  const check = new ForwardCheck(host.leaves, found);
  // A server that is made to lie does not share the session's view of what its names stand for.
  const spend = (phase: 'bind' | 'execute', name: string, text: string, values: readonly (Buffer | null)[]): void => {
    if (direction === 'client' && !check.isOwn(name)) check.spend(phase, text, values);
  };
  let copyInSeen = false;
  let loginAsked = false;
  const server = new ModelServer({
    sends: (frame, refused) => {
      if (frame[0] === COPY_IN) copyInSeen = true;
      if (direction === 'server' && refused && input.answersRefused) return course.serverLies(LIES.slice(random.below(LIES.length)));
      const sent = course.serverSends(frame);
      if (direction === 'server' && sent.some((edited) => edited.includes(COPY_IN))) copyInSeen = true;
    },
    binds: (name, text, values) => spend('bind', name, text, values),
    executes: (name, text, values) => spend('execute', name, text, values),
    takesCopyData: () => undefined,
    takes: (frame, message) => {
      check.takes(frame, message);
      if (message.kind.startsWith('copy-') && !copyInSeen) found(`${message.kind} was forwarded, and no COPY has begun`);
    },
    rejects: found,
    closes: () => course.serverCloses(),
  });
  return {
    login: LOGIN,
    loginAnswer: LOGIN_ACCEPTED,
    createSession: () => postgresDialect.createSession(host, SESSION_OPTIONS),
    connected: () => undefined,
    notify: () => void course.serverSends(reply.notification()),
    clientSent: (bytes) => check.clientSent(bytes),
    toServer: (bytes) => server.receive(bytes),
    toClient: (bytes) => {
      const frames = toClient.push(loginAsked ? bytes : withoutDeclines(bytes));
      if (toClient.broken) found('bytes went to the client that are no messages');
      for (const { type, bytes: frame } of frames) {
        loginAsked = true;
        if (!BACKEND_TYPES.has(type)) found(`a message of type ${JSON.stringify(type)} went to the client`);
        if (direction === 'client' && frame.includes(reply.MASKED_CANARY)) found('a masked value went to the client');
        if (frame.includes(reply.REFUSED_CANARY)) found('an answer to what was refused went to the client');
      }
    },
    rest: () => ({ toClient: { bytes: toClient.rest, text: toClient.restText }, toServer: server.restBytes }),
  };
}

/** The answers to SSLRequest and GSSENCRequest are one byte each, without a length ("SSL Session Encryption"). */
function withoutDeclines(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at] === DECLINE && bytes[at + 1] !== 0) at += 1;
  return bytes.subarray(at);
}
