import { PACKET_TYPE } from '../protocol/packet.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { DONE_STATUS } from '../protocol/server-token.js';
import { versionLayout, versionOf } from '../protocol/tds-version.js';
import { encodeTokens } from '../protocol/token-codec.js';

interface Agreed {
  readonly tdsVersion: number;
  readonly packetSize: number;
}

/** The acknowledgement of an ATTENTION ([MS-TDS] section 2.2.1.7). */
export function attentionAnswer(agreed: Agreed): Uint8Array {
  return doneMessage(DONE_STATUS.ATTENTION, agreed);
}

/**
 * The answer to a request that was given up: a message with the bits IGNORE and END_OF_MESSAGE ([MS-TDS] section 2.2.1.7), or what an ATTENTION found not
 * forwarded yet. Clients wait for it before they wait for the acknowledgement.
 */
export function ignoredAnswer(agreed: Agreed): Uint8Array {
  return doneMessage(DONE_STATUS.ERROR, agreed);
}

function doneMessage(status: number, { tdsVersion, packetSize }: Agreed): Uint8Array {
  const done = encodeTokens([{ kind: 'DONE', status, currentCommand: 0, rowCount: 0n }], versionLayout(versionOf(tdsVersion)));
  return encodeMessage({ type: PACKET_TYPE.TABULAR_RESULT, packetSize }, done);
}
