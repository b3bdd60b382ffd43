import type { CannedMessage, CannedPrelogin } from './canned-answers.js';
import type { CannedServerState } from './canned-server-options.js';
import { ENCRYPTION, FEATURE, readFedAuth, writePrelogin, type Login7 } from './login-message.js';
import { isAtLeast, olderOf, type TdsVersion } from './tds-version.js';
import { DONE_STATUS, done, envchange, featureExtAck, loginAck, message } from './tokens.js';

const DEFAULT_BUILD = [16, 0, 1_000] as const;
const LOGIN_PACKET_BYTES = 4_096;

/** The reply to a PRELOGIN, and what it says of encryption. */
export function answerPrelogin(
  { options }: CannedServerState,
  asked: CannedPrelogin,
): { readonly payload: Buffer; readonly encryption: number } {
  const encryption = encryptionFor(options.encryption ?? 'optional', asked.encryption);
  const [major, minor, patch] = options.build ?? DEFAULT_BUILD;
  const version = Buffer.of(major, minor, patch >> 8, patch & 0xff, 0, 0);
  const payload = writePrelogin([
    [0, version],
    [1, Buffer.of(encryption)],
    [2, Buffer.of(0)],
    [3, Buffer.alloc(0)],
    [4, Buffer.of(0)],
    ...(asked.options.includes(6) ? [[6, Buffer.of(options.fedAuthRequired === true ? 1 : 0)] as const] : []),
    ...(asked.nonce.length > 0 ? [[7, Buffer.alloc(32, 7)] as const] : []),
  ]);
  return { payload, encryption };
}

function encryptionFor(kind: NonNullable<CannedServerState['options']['encryption']>, asked: number): number {
  if (kind === 'strict') return ENCRYPTION.on;
  if (kind !== 'optional') return ENCRYPTION[kind];
  return asked === ENCRYPTION.required ? ENCRYPTION.on : asked & 0x0f;
}

/** What a login comes to: a session for this login, the token that is still to come, or the error. */
export type LoginOutcome =
  | { readonly kind: 'accepted'; readonly login: string }
  | { readonly kind: 'wait for token'; readonly stsUrl: string; readonly spn: string }
  | { readonly kind: 'refused'; readonly error: CannedMessage };

export function judgeLogin(server: CannedServerState, login: Login7): LoginOutcome {
  const fedAuth = login.features.find(({ id }) => id === FEATURE.fedAuth);
  if (fedAuth !== undefined) return judgeFedAuth(server, fedAuth.data);
  if ((login.optionFlags2 & 0x80) !== 0 || login.sspi.length > 0)
    return refused(18452, 'Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.');
  const password = Object.entries(server.accounts).find(([name]) => name === login.userName)?.[1];
  if (password === undefined || password !== login.password) return refused(18456, `Login failed for user '${login.userName}'.`);
  return { kind: 'accepted', login: login.userName };
}

function judgeFedAuth(server: CannedServerState, data: Buffer): LoginOutcome {
  const { token } = readFedAuth(data);
  if (token !== undefined) return judgeToken(server, token);
  const { fedAuthInfo } = server.options;
  return fedAuthInfo === undefined ? refused(18456, 'Login failed for user.') : { kind: 'wait for token', ...fedAuthInfo };
}

export function judgeToken(server: CannedServerState, token: string): LoginOutcome {
  const login = server.options.acceptToken?.(token);
  return login === undefined ? refused(18456, "Login failed for user '<token-identified principal>'.") : { kind: 'accepted', login };
}

function refused(number: number, text: string): LoginOutcome {
  return { kind: 'refused', error: { number, message: text, class: 14 } };
}

export function isKnownDatabase({ options }: CannedServerState, name: string): boolean {
  return name === '' || (options.databases ?? ['master']).includes(name);
}

export function versionFor({ options }: CannedServerState, login: Login7): TdsVersion {
  return options.tdsVersion === undefined ? login.tdsVersion : olderOf(login.tdsVersion, options.tdsVersion);
}

export function packetSizeFor({ options }: CannedServerState, login: Login7): number {
  const asked = login.packetSize === 0 ? LOGIN_PACKET_BYTES : login.packetSize;
  return Math.max(512, Math.min(asked, options.maxPacketSize ?? 32_767));
}

/** The reply to a login that is accepted. */
export function loginReply({ options }: CannedServerState, login: Login7, version: TdsVersion, packetSize: number): Buffer {
  const serverName = options.serverName ?? 'canned';
  const database = login.database === '' ? (options.databases?.[0] ?? 'master') : login.database;
  const info = (number: number, text: string): Buffer => message('info', { number, message: text, class: 0 }, serverName, version);
  const language = login.language === '' ? 'us_english' : login.language;
  return Buffer.concat([
    envchange.database(database, 'master'),
    info(5701, `Changed database context to '${database}'.`),
    envchange.collation(),
    envchange.language(language),
    info(5703, `Changed language setting to ${language}.`),
    options.loginTokens ?? Buffer.alloc(0),
    loginAck(version, 'Microsoft SQL Server', options.build ?? DEFAULT_BUILD),
    envchange.packetSize(packetSize, LOGIN_PACKET_BYTES),
    acknowledged(options.features, login, version),
    options.routing === undefined ? Buffer.alloc(0) : envchange.routing(options.routing.host, options.routing.port),
    done('done', { status: DONE_STATUS.final, command: 0, count: 0 }, version),
  ]);
}

/** FEATUREEXTACK: what both have; a token's acknowledgement is empty. */
function acknowledged(features: CannedServerState['options']['features'], login: Login7, version: TdsVersion): Buffer {
  if (!isAtLeast(version, '7.4')) return Buffer.alloc(0);
  const own = [{ id: FEATURE.fedAuth, data: Buffer.alloc(0) }, ...(features ?? [{ id: FEATURE.utf8, data: Buffer.of(1) }])];
  const both = own.filter(({ id }) => login.features.some((feature) => feature.id === id));
  return both.length === 0 ? Buffer.alloc(0) : featureExtAck(both);
}
