import { type BackendMessage, cellsOf, errorFieldsOf, tagOf } from './backend-messages.js';
import type { CaseRun } from './run-case.js';

/** What a client can tell from a reply, without what differs from server to server by itself (object and process numbers, source lines). */
export function observe(run: CaseRun): string[] {
  return run.replies.flatMap((reply, step) => reply.flatMap((message) => observeMessage(message).map((text) => `${step} ${text}`)));
}

const TELLING_FIELDS = ['S', 'C', 'M', 'D', 'H', 'W', 'q', 's', 't', 'c', 'd', 'n'];

function observeMessage(message: BackendMessage): string[] {
  switch (message.type) {
    case 'D':
      return [
        `row ${cellsOf(message)
          .map((cell) => (cell === null ? 'null' : cell.toString('hex')))
          .join(' ')}`,
      ];
    case 'd':
      return [`copy ${message.body.toString('hex')}`];
    case 'C':
      return [`complete ${tagOf(message)}`];
    case 'E':
    case 'N': {
      const { all } = errorFieldsOf(message);
      return [`${message.type === 'E' ? 'error' : 'notice'} ${TELLING_FIELDS.map((field) => `${field}=${all[field] ?? ''}`).join(' ')}`];
    }
    case 'A':
      return [`notification ${message.body.toString('utf8', 4)}`];
    case 'T':
    case 'S':
    case 'K':
      return [message.type];
    default:
      return [`${message.type} ${message.body.toString('hex')}`];
  }
}
