import type { ServerLogin } from '@sqlwarden/core';
import { encodeFedAuth, type Feature, FEATURE } from '../protocol/login-features.js';
import { LOGIN_FLAG, type Login7 } from '../protocol/login7.js';
import { type TdsVersion, versionLayout, versionNumber } from '../protocol/tds-version.js';
import type { LoginTerms } from './login-parts.js';

/** Of sessions of the gateway's own. */
export const OWN_TERMS: LoginTerms = {
  version: '7.4',
  packetSize: 4096,
  utf8: true,
  applicationName: 'sqlwarden',
  hostName: '',
  libraryName: 'sqlwarden',
  language: '',
  clientProgramVersion: 0,
  clientProcessId: 0,
  clientTimeZone: 0,
  clientLcid: 0x0409,
  isOdbc: true,
  takesUnknownCollations: true,
  isReadOnly: false,
  mustHaveDatabase: true,
  mustHaveLanguage: false,
};

/** The credential is an access token, and goes as FEDAUTH. */
export function isByToken({ accept }: ServerLogin): boolean {
  return accept?.includes('access-token') === true;
}

/** The version that a server is asked for: TDS 8.0 only where TLS begins with the first byte. */
export function askedVersion(terms: LoginTerms, login: ServerLogin): TdsVersion {
  return terms.version === '8.0' && login.sslNegotiation !== 'direct' ? '7.4' : terms.version;
}

/**
 * The gateway's own LOGIN7 ([MS-TDS] section 2.2.6.4), on the client's terms. What is not in {@link LoginTerms} is not asked for. `echo`: what the server's
 * FEDAUTHREQUIRED was; `serverName`: as it was dialled, where that is known.
 */
export function ownLogin7(login: ServerLogin, terms: LoginTerms, echo: boolean, serverName: string): Login7 {
  const version = askedVersion(terms, login);
  const byToken = isByToken(login);
  const features = versionLayout(version).features ? featuresOf(login, terms, echo) : undefined;
  const hasFeatures = features !== undefined && features.length > 0;
  return {
    tdsVersion: versionNumber(version),
    packetSize: terms.packetSize,
    clientProgramVersion: terms.clientProgramVersion,
    clientProcessId: terms.clientProcessId,
    connectionId: 0,
    optionFlags1: LOGIN_FLAG.USE_DB | LOGIN_FLAG.SET_LANG | (terms.mustHaveDatabase ? LOGIN_FLAG.DATABASE_FATAL : 0),
    optionFlags2: (terms.mustHaveLanguage ? LOGIN_FLAG.LANGUAGE_FATAL : 0) | (terms.isOdbc ? LOGIN_FLAG.ODBC : 0),
    typeFlags: terms.isReadOnly ? LOGIN_FLAG.READ_ONLY_INTENT : 0,
    optionFlags3: terms.takesUnknownCollations ? LOGIN_FLAG.UNKNOWN_COLLATION_HANDLING : 0,
    clientTimeZone: terms.clientTimeZone,
    clientLcid: terms.clientLcid,
    hostName: cut(terms.hostName),
    userName: byToken ? '' : login.user,
    password: byToken ? '' : (login.password ?? ''),
    applicationName: cut(terms.applicationName),
    serverName,
    libraryName: cut(terms.libraryName),
    language: cut(terms.language),
    database: login.database,
    clientId: new Uint8Array(6),
    sspi: new Uint8Array(0),
    attachDatabaseFile: '',
    newPassword: version === '7.1' ? undefined : '',
    features: hasFeatures ? features : undefined,
  };
}

function featuresOf(login: ServerLogin, terms: LoginTerms, echo: boolean): Feature[] {
  const token = isByToken(login) ? (login.password ?? '') : undefined;
  return [
    ...(token === undefined
      ? []
      : [{ id: FEATURE.FEDAUTH, data: encodeFedAuth({ echo, library: 'security-token', token, nonce: undefined }) }]),
    ...(terms.utf8 ? [{ id: FEATURE.UTF8_SUPPORT, data: Uint8Array.of(1) }] : []),
  ];
}

/** Names of LOGIN7 have 128 characters at most. */
export const MAX_NAME = 128;

function cut(text: string): string {
  return text.slice(0, MAX_NAME);
}
