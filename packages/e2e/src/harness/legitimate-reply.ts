import { type BackendMessage, cellsOf, columnNamesOf, errorFieldsOf, tagOf } from './backend-messages.js';
import type { LegitimateCase } from './corpus-case.js';
import { mayChange, type StepReply } from './run-case.js';

/** A reply without the columns that are masked or that differ from run to run. */
export function tellStep(reply: StepReply, one: LegitimateCase, step: number): string[] {
  let columns: readonly string[] = [];
  const told = reply.map((message) => {
    if (message.type === 'T') columns = columnNamesOf(message);
    return tell(message, columns, one, step);
  });
  return one.unordered ? told.sort() : told;
}

function tell(message: BackendMessage, columns: readonly string[], one: LegitimateCase, step: number): string {
  switch (message.type) {
    case 'D':
      return cellsOf(message)
        .map((cell, index) => (leftOut(columns[index] ?? '', one, step) ? '*' : cell === null ? 'null' : printable(cell)))
        .join(' | ');
    case 'd':
      return `copy ${printable(message.body)}`;
    case 'T':
      return `T ${printable(mayChange(one) ? withoutRelations(message.body) : message.body)}`;
    case 'C':
      return `complete ${tagOf(message)}`;
    // Texts of errors and notices may be withheld; their codes stay.
    case 'E':
    case 'N':
      return `${message.type} ${errorFieldsOf(message).severity} ${errorFieldsOf(message).code} ${refusalOf(message)}`;
    // Whatever a trigger puts into a payload is not seen, so payloads are left out.
    case 'A':
      return `notification ${printable(message.body.subarray(4, message.body.indexOf(0, 4)))}`;
    default:
      return `${message.type} ${printable(message.body)}`;
  }
}

/** What the server would say too; the gateway may say it first. */
const SAME_IN_BOTH = ['42601', '42703', '42P01'];

/** Why the gateway refused, so that a difference explains itself; the direct run has none of it. */
function refusalOf(message: BackendMessage): string {
  const { message: text, code } = errorFieldsOf(message);
  return text.startsWith('sqlwarden: ') && !SAME_IN_BOTH.includes(code) ? text : '';
}

const FIRST_DRAWN_OID = 16_384;

/** A RowDescription without the numbers of relations and of types of one's own: those of new ones are drawn for the whole server. */
function withoutRelations(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  let at = 2;
  for (let left = copy.readUInt16BE(0); left > 0; left -= 1) {
    at = copy.indexOf(0, at) + 1;
    copy.fill(0, at, at + 4);
    if (copy.readUInt32BE(at + 6) >= FIRST_DRAWN_OID) copy.fill(0, at + 6, at + 10);
    at += 18;
  }
  return copy;
}

function leftOut(column: string, { masked, varies }: LegitimateCase, step: number): boolean {
  return [...masked, ...varies].some((name) => name === column || name === `${step}:${column}`);
}

function printable(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // oxlint-disable-next-line no-control-regex
  return /^[^\u0000-\u0008\u000e-\u001f\ufffd]*$/.test(text) ? text : bytes.toString('hex');
}

/** Cells of masked columns that are as they are without the gateway; there should be none. */
export function unmaskedCells(governed: StepReply, direct: StepReply, one: LegitimateCase, step: number): string[] {
  const described = direct.find(({ type }) => type === 'T');
  if (described === undefined) return [];
  const names = columnNamesOf(described);
  const [plainRows = [], maskedRows = []] = [direct, governed].map((reply) => reply.filter(({ type }) => type === 'D').map(cellsOf));
  return plainRows.flatMap((row, at) =>
    names.filter((name, index) => {
      const cell = row[index];
      const isMasked = one.masked.some((masked) => masked === name || masked === `${step}:${name}`);
      return isMasked && cell !== null && cell !== undefined && maskedRows[at]?.[index]?.equals(cell) === true;
    }),
  );
}
