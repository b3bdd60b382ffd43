import type { EnvChange, ErrorOrInfo, FeatureAck, ServerToken } from '../protocol/server-token.js';
import { ENV_CHANGE } from '../protocol/server-token.js';
import { DEFAULT_PACKET_SIZE, PACKET_TYPE } from '../protocol/packet.js';
import { encodeMessage } from '../protocol/packet-writer.js';
import { type TdsVersion, versionLayout, versionNumber } from '../protocol/tds-version.js';
import { encodeTokens } from '../protocol/token-codec.js';
import type { ServerLoggedIn } from './login-parts.js';

const SQL_TSQL = 1;
const CHANGED_DATABASE = 5701;
const CHANGED_LANGUAGE = 5703;
const INFORMATION = 10;

/**
 * The answer to a client's LOGIN7 that is let in ([MS-TDS] section 2.2.7, "Login Response"): what the session has, as the server of the other leg has
 * said. Nothing else of what that server said is in it, no name of another server above all. `features`: those that the client is told of.
 */
export function loginAcceptance(info: ServerLoggedIn, version: TdsVersion, features: readonly FeatureAck[]): Uint8Array {
  const { database, language, collation, packetSize } = info;
  const tokens: ServerToken[] = [];
  if (database !== '')
    tokens.push(changed(ENV_CHANGE.DATABASE, database), said(CHANGED_DATABASE, 2, `Changed database context to '${database}'.`));
  if (collation !== undefined)
    tokens.push({ kind: 'ENVCHANGE', type: ENV_CHANGE.SQL_COLLATION, newCollation: collation, oldCollation: undefined });
  if (language !== '')
    tokens.push(changed(ENV_CHANGE.LANGUAGE, language), said(CHANGED_LANGUAGE, 1, `Changed language setting to ${language}.`));
  const { programName, programVersion } = info;
  tokens.push({ kind: 'LOGINACK', interface: SQL_TSQL, tdsVersion: versionNumber(version), programName, programVersion });
  tokens.push(changed(ENV_CHANGE.PACKET_SIZE, String(packetSize), String(DEFAULT_PACKET_SIZE)));
  const layout = versionLayout(version);
  if (features.length > 0 && layout.features) tokens.push({ kind: 'FEATUREEXTACK', features });
  tokens.push({ kind: 'DONE', status: 0, currentCommand: 0, rowCount: 0n });
  const size = Math.min(packetSize, DEFAULT_PACKET_SIZE);
  return encodeMessage({ type: PACKET_TYPE.TABULAR_RESULT, packetSize: size, spid: info.spid }, encodeTokens(tokens, layout));
}

function changed(type: 1 | 2 | 4, newText: string, oldText = ''): EnvChange {
  return { kind: 'ENVCHANGE', type, newText, oldText };
}

function said(number: number, state: number, message: string): ErrorOrInfo {
  return { kind: 'INFO', number, state, class: INFORMATION, message, serverName: '', procedureName: '', line: 1 };
}
