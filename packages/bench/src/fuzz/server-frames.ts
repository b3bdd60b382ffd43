import { cstring, int16, int32, typed } from './frames.js';

/** What must never reach the client: cells and texts of statements that are masked. */
export const MASKED_CANARY = 'MASKED-CANARY';
/** What must never reach the client: anything that a server says to a message that was refused. */
export const REFUSED_CANARY = 'REFUSED-CANARY';

export type Status = 'I' | 'T' | 'E';

const TEXT_OID = 25;
export const COLUMNS = 2;

export const authenticationOk = (): Buffer => typed('R', int32(0));
export const parameterStatus = (name: string, value: string): Buffer => typed('S', cstring(name), cstring(value));
export const keyData = (): Buffer => typed('K', int32(4711), int32(0x0102_0304));
export const ready = (status: Status): Buffer => typed('Z', Buffer.from(status));
export const complete = (tag: string): Buffer => typed('C', cstring(tag));
export const parseComplete = (): Buffer => typed('1');
export const bindComplete = (): Buffer => typed('2');
export const closeComplete = (): Buffer => typed('3');
export const noData = (): Buffer => typed('n');
export const suspended = (): Buffer => typed('s');
export const emptyQuery = (): Buffer => typed('I');
export const copyInResponse = (): Buffer => typed('G', Buffer.from([0]), int16(1), int16(0));
export const copyOutResponse = (): Buffer => typed('H', Buffer.from([0]), int16(COLUMNS), int16(0), int16(0));
export const copyData = (text: string): Buffer => typed('d', Buffer.from(text));
export const copyDone = (): Buffer => typed('c');
export const notification = (): Buffer => typed('A', int32(99), cstring('channel'), cstring('payload'));
export const parameterDescription = (types: readonly number[]): Buffer => typed('t', int16(types.length), ...types.map(int32));

export function errorResponse(code: string, message: string, severity = 'ERROR'): Buffer {
  return typed('E', ...fields({ S: severity, V: severity, C: code, M: message, D: 'a detail' }));
}

export function noticeResponse(message: string): Buffer {
  return typed('N', ...fields({ S: 'NOTICE', V: 'NOTICE', C: '00000', M: message }));
}

function fields(texts: Readonly<Record<string, string>>): Buffer[] {
  return [...Object.entries(texts).map(([code, text]) => cstring(code + text)), Buffer.from([0])];
}

export function rowDescription(format: number): Buffer {
  const column = (name: string, number: number): Buffer[] => [
    cstring(name),
    int32(16_384),
    int16(number),
    int32(TEXT_OID),
    int16(-1),
    int32(-1),
    int16(format),
  ];
  return typed('T', int16(COLUMNS), ...column('first', 1), ...column('second', 2));
}

export function dataRow(cells: readonly (string | null)[]): Buffer {
  const parts = cells.flatMap((cell) => (cell === null ? [int32(-1)] : [int32(Buffer.byteLength(cell)), Buffer.from(cell)]));
  return typed('D', int16(cells.length), ...parts);
}
