import type { Refusal } from '@sqlwarden/core';
import { FEATURE } from '../protocol/login-features.js';
import { LOGIN_FLAG, type Login7 } from '../protocol/login7.js';
import { DEFAULT_PACKET_SIZE, MAX_PACKET_SIZE, MIN_PACKET_SIZE } from '../protocol/packet.js';
import { versionOf } from '../protocol/tds-version.js';
import type { LoginTerms } from './login-parts.js';

/**
 * What of a LOGIN7 the session is to have. Whatever the gateway does not decode is left out, so that the server is never asked for it: recovery of sessions,
 * encrypted columns, distributed transactions of Azure, classification of data, XML in binary form. Throws a `ProtocolError` for unknown TDS versions.
 */
export function termsOf(login: Login7): LoginTerms {
  const { packetSize, optionFlags1, optionFlags2, optionFlags3, typeFlags } = login;
  return {
    version: versionOf(login.tdsVersion),
    packetSize: packetSize === 0 ? DEFAULT_PACKET_SIZE : Math.min(Math.max(packetSize, MIN_PACKET_SIZE), MAX_PACKET_SIZE),
    utf8: login.features?.some(({ id, data }) => id === FEATURE.UTF8_SUPPORT && data[0] === 1) === true,
    applicationName: login.applicationName,
    hostName: login.hostName,
    libraryName: login.libraryName,
    language: login.language,
    clientProgramVersion: login.clientProgramVersion,
    clientProcessId: login.clientProcessId,
    clientTimeZone: login.clientTimeZone,
    clientLcid: login.clientLcid,
    isOdbc: (optionFlags2 & LOGIN_FLAG.ODBC) !== 0,
    takesUnknownCollations: (optionFlags3 & LOGIN_FLAG.UNKNOWN_COLLATION_HANDLING) !== 0,
    isReadOnly: (typeFlags & LOGIN_FLAG.READ_ONLY_INTENT) !== 0,
    mustHaveDatabase: (optionFlags1 & LOGIN_FLAG.DATABASE_FATAL) !== 0,
    mustHaveLanguage: (optionFlags2 & LOGIN_FLAG.LANGUAGE_FATAL) !== 0,
  };
}

/** Why a LOGIN7 is not taken, by the name of what it asks for; `undefined` when there is no reason. */
export function unsupportedIn(login: Login7): Refusal | undefined {
  const { optionFlags1, optionFlags2, optionFlags3, typeFlags } = login;
  if ((optionFlags2 & LOGIN_FLAG.INTEGRATED_SECURITY) !== 0 || login.sspi.length > 0)
    return unsupported(
      'integrated security (SSPI: Windows logins, Kerberos, NTLM) is not supported, log in with a token or with user name and password',
    );
  if ((optionFlags3 & LOGIN_FLAG.CHANGE_PASSWORD) !== 0 || (login.newPassword ?? '') !== '')
    return unsupported('a password cannot be changed by a login here, change it where it is kept');
  if (login.attachDatabaseFile !== '') return unsupported('a database file cannot be attached by a login, leave AttachDBFilename out');
  if ((optionFlags3 & LOGIN_FLAG.USER_INSTANCE) !== 0) return unsupported('user instances are not supported, leave User Instance out');
  if ((optionFlags2 & LOGIN_FLAG.USER_TYPE) !== 0) return unsupported('logins of servers and of replication are not supported');
  if ((optionFlags1 & (LOGIN_FLAG.BYTE_ORDER | LOGIN_FLAG.CHAR_EBCDIC | LOGIN_FLAG.FLOAT)) !== 0)
    return unsupported('clients with other numbers than little-endian IEEE 754, or with EBCDIC, are not supported');
  if ((typeFlags & LOGIN_FLAG.SQL_TYPE) > 1) return unsupported('this client asks for another language than T-SQL');
  return undefined;
}

function unsupported(message: string): Refusal {
  return { code: 'message-unsupported', message };
}
