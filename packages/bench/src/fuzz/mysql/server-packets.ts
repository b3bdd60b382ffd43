import { VARIANT } from './client-packets.js';
import { int1, int2, int3, int4, lenenc, nul, packet, text } from './packets.js';
import { COLUMNS } from '../server-frames.js';

/** Bits of the status of a server. */
export const STATUS = { inTransaction: 1, autocommit: 2, moreResults: 8, cursor: 0x40, lastRow: 0x80, stateChanged: 0x4000 } as const;
const VAR_STRING = 0xfd;

/** All capabilities but TLS and compression. */
const OFFERED = 0x1fff_f7df & ~(1 << 26) & ~0x20;

export function handshake(): Buffer {
  const nonce = Buffer.from('abcdefghijklmnopqrst');
  return packet(
    0,
    int1(10),
    nul('9.7.4'),
    int4(4711),
    nonce.subarray(0, 8),
    int1(0),
    int2(OFFERED & 0xffff),
    int1(255),
    int2(STATUS.autocommit),
    int2(OFFERED >>> 16),
    int1(21),
    Buffer.alloc(10),
    nonce.subarray(8),
    int1(0),
    nul('caching_sha2_password'),
  );
}

export interface Completion {
  readonly status: number;
  readonly affected?: number;
  readonly info?: string;
  /** The default schema has become this one. */
  readonly schema?: string;
}

export function ok(sequenceId: number, variant: number, { status, affected = 0, info = '', schema }: Completion, header = 0x00): Buffer {
  const tracks = schema !== undefined && (variant & VARIANT.sessionTrack) !== 0;
  const counts = [int1(header), lenenc(affected), lenenc(0), int2(status | (tracks ? STATUS.stateChanged : 0)), int2(0)];
  const changes = tracks ? [text(Buffer.concat([int1(1), text(text(schema))]))] : [];
  return packet(sequenceId, ...counts, ...(info === '' && !tracks ? [] : [text(info)]), ...changes);
}

/** The end of columns or rows: an EOF packet, or the OK in its place. */
export function end(sequenceId: number, variant: number, status: number): Buffer {
  if ((variant & VARIANT.deprecateEof) !== 0) return ok(sequenceId, variant, { status }, 0xfe);
  return packet(sequenceId, int1(0xfe), int2(0), int2(status));
}

export const err = (sequenceId: number, code: number, state: string, message: string): Buffer =>
  packet(sequenceId, int1(0xff), int2(code), Buffer.from(`#${state}${message}`));

export const columnCount = (sequenceId: number, count: number): Buffer => packet(sequenceId, lenenc(count));

export function column(sequenceId: number, name: string, withDefault = false): Buffer {
  const names = ['def', 'crm', 't', 't', name, name].map(text);
  const fixed = [lenenc(12), int2(45), int4(1024), int1(VAR_STRING), int2(0), int1(0), int2(0)];
  return packet(sequenceId, ...names, ...fixed, ...(withDefault ? [text('a default')] : []));
}

export const textRow = (sequenceId: number, cells: readonly (string | null)[]): Buffer =>
  packet(sequenceId, ...cells.map((cell) => (cell === null ? int1(0xfb) : text(cell))));

export function binaryRow(sequenceId: number, cells: readonly (string | null)[]): Buffer {
  const nulls = Buffer.alloc((cells.length + 9) >> 3);
  for (const [at, cell] of cells.entries())
    if (cell === null) nulls[(at + 2) >> 3] = (nulls[(at + 2) >> 3] as number) | (1 << ((at + 2) & 7));
  return packet(sequenceId, int1(0), nulls, ...cells.flatMap((cell) => (cell === null ? [] : [text(cell)])));
}

export const prepareOk = (sequenceId: number, id: number, columns: number, parameters: number): Buffer =>
  packet(sequenceId, int1(0), int4(id), int2(columns), int2(parameters), int1(0), int2(0));

export const statistics = (sequenceId: number): Buffer => packet(sequenceId, Buffer.from('Uptime: 7'));
/** The server wants a file of the client. */
export const localInfile = (sequenceId: number): Buffer => packet(sequenceId, int1(0xfb), Buffer.from('/etc/passwd'));
export const authSwitch = (sequenceId: number, plugin: string): Buffer =>
  packet(sequenceId, int1(0xfe), nul(plugin), nul('abcdefghijklmnopqrst'));
export const authMoreData = (sequenceId: number, data: number): Buffer => packet(sequenceId, int1(1), int1(data));
export const COLUMN_NAMES = ['first', 'second'].slice(0, COLUMNS);
export const hugeLength = (sequenceId: number): Buffer => Buffer.concat([int3(0xff_ffff), int1(sequenceId), Buffer.from('the beginning')]);
