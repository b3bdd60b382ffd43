import { type BackendMessage, cellsOf, errorFieldsOf } from '../harness/backend-messages.js';

/** Fields of errors and notices that speak of the statement and its data; others name the server's source. */
const TELLING_FIELDS = ['S', 'C', 'M', 'D', 'H', 'W', 'P', 'p', 'q', 's', 't', 'c', 'd', 'n'];
/** Numbers of types and relations from here on are drawn when they are made, for a whole server. */
const FIRST_DRAWN_OID = 16_384;

/** What a client can tell from messages, in order; only what differs between two databases of one server by itself is left out. */
export function tell(messages: readonly BackendMessage[]): string[] {
  return messages.map((message) => `${message.type} ${tellOne(message)}`);
}

/** The first thing that two clients are told differently. */
export function firstDifference(one: readonly string[], other: readonly string[]): string | undefined {
  const length = Math.max(one.length, other.length);
  for (let index = 0; index < length; index += 1) {
    if (one[index] !== other[index]) return `message ${index}: ${one[index] ?? 'nothing'} <> ${other[index] ?? 'nothing'}`;
  }
  return undefined;
}

function tellOne(message: BackendMessage): string {
  switch (message.type) {
    case 'D':
      return cellsOf(message)
        .map((cell) => (cell === null ? 'null' : printable(cell)))
        .join(' | ');
    case 'T':
      return described(message.body);
    case 'E':
    case 'N': {
      const { all } = errorFieldsOf(message);
      return TELLING_FIELDS.flatMap((field) => (all[field] === undefined ? [] : [`${field}=${all[field]}`])).join(' ');
    }
    // A process number, a secret to cancel by.
    case 'K':
      return '';
    case 'A':
      return printable(message.body.subarray(4));
    case 't':
      return drawnOids(message.body, 2, 4);
    default:
      return printable(message.body);
  }
}

function described(body: Buffer): string {
  const fields: string[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left -= 1) {
    const end = body.indexOf(0, at);
    const [relation, type] = [body.readUInt32BE(end + 1), body.readUInt32BE(end + 7)];
    const rest = body.toString('hex', end + 11, end + 19);
    fields.push([body.toString('utf8', at, end), relation === 0 ? 0 : 1, body.readUInt16BE(end + 5), oid(type), rest].join('/'));
    at = end + 19;
  }
  return fields.join(' ');
}

function drawnOids(body: Buffer, start: number, step: number): string {
  const oids: string[] = [];
  for (let at = start; at + 4 <= body.length; at += step) oids.push(oid(body.readUInt32BE(at)));
  return oids.join(' ');
}

function oid(number: number): string {
  return number < FIRST_DRAWN_OID ? String(number) : 'drawn';
}

function printable(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // oxlint-disable-next-line no-control-regex
  return /^[^\u0000-\u0008\u000e-\u001f\ufffd]*$/.test(text) ? JSON.stringify(text) : `\\x${bytes.toString('hex')}`;
}
