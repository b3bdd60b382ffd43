import { ProtocolError } from './protocol-error.js';
import { type Column, TOKEN } from './server-token.js';
import type { VersionLayout } from './tds-version.js';
import { TokenReader } from './token-reader.js';

/** A Bulk Load BCP message ([MS-TDS] 2.2.6.1). */
export interface BulkLoad {
  readonly columns: readonly Column[];
  readonly rows: number;
}

/**
 * Reads a bulk load: one COLMETADATA, its rows, and a DONE that some clients leave out. Cells are walked over, not decoded. Throws a {@link ProtocolError} for everything
 * else.
 */
export function readBulkLoad(payload: Uint8Array, layout: VersionLayout): BulkLoad {
  const reader = new TokenReader(layout, { from: 'bulk-load' });
  reader.push(payload, 0, payload.length);
  if (reader.next() !== 'token' || reader.columns === undefined)
    throw new ProtocolError('unexpected-message', 'a bulk load does not begin with its columns');
  const { columns } = reader;
  const rows = reader.skipRows(Number.POSITIVE_INFINITY);
  const last = reader.next();
  if (last !== undefined && (last !== 'token' || reader.tokenType !== TOKEN.DONE || reader.next() !== undefined))
    throw new ProtocolError('unexpected-message', 'a bulk load goes on after its rows');
  reader.endMessage();
  return { columns, rows };
}
