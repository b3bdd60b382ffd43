import { type HashPort, type PublicKeyPort, type ServerLogin, type ServerMethod, unreachable } from '@sqlwarden/core';
import { lenientText } from '../protocol/payload-reader.js';
import { clearPassword, nativeScramble, obscuredPassword, sha2Scramble } from './auth-scrambles.js';

/** What to say to the server, or why not to. `insecure`: whoever listens, or stands for the server, could learn the password. */
export type MethodStep =
  | { readonly kind: 'say'; readonly data: Uint8Array }
  | { readonly kind: 'wait' }
  | { readonly kind: 'failed'; readonly insecure: boolean; readonly detail: string };

type Failed = Extract<MethodStep, { kind: 'failed' }>;
type FirstStep = { readonly kind: 'say'; readonly plugin: string; readonly data: Uint8Array } | Failed;

/** The methods that are known, by the names of their client plugins; the first that is accepted is tried where the server's own is not. */
type Method = Extract<ServerMethod, 'caching_sha2_password' | 'mysql_native_password' | 'mysql_clear_password'>;
const METHODS: readonly Method[] = ['caching_sha2_password', 'mysql_native_password', 'mysql_clear_password'];

/** "Protocol::AuthMoreData" of `caching_sha2_password`. */
const REQUEST_PUBLIC_KEY = 2;
const FAST_AUTH_SUCCESS = 3;
const PERFORM_FULL_AUTHENTICATION = 4;
const MAX_KEY_BYTES = 8192;

export interface ServerAuthTools {
  readonly hash: HashPort;
  readonly publicKey?: PublicKeyPort | undefined;
}

/** How the gateway proves itself to a server ("Authentication Method Mismatch", "Caching_sha2_password information"). One instance per login. */
export class ServerAuth {
  /** TLS has started on the leg. */
  isEncrypted = false;
  readonly #tools: ServerAuthTools;
  readonly #login: ServerLogin;
  #method: Method | undefined;
  #used: ServerMethod = 'none';
  #nonce = new Uint8Array(0);
  /** Full authentication: the server's key was asked for. */
  #awaitsKey = false;
  /** The server has said that it took the scramble, or asked for the password itself. */
  #isAnswered = false;

  constructor(tools: ServerAuthTools, login: ServerLogin) {
    this.#tools = tools;
    this.#login = login;
  }

  /** For the server's greeting: the method that it named, or another that is accepted, in the hope that it will name a better one. */
  first(plugin: string, nonce: Uint8Array): FirstStep {
    const named = METHODS.find((method) => method === plugin);
    const tried = named !== undefined && this.#isAccepted(named) ? named : METHODS.find((method) => this.#isAccepted(method));
    if (tried === undefined || this.#login.password === undefined)
      return { kind: 'say', plugin: tried ?? 'mysql_native_password', data: new Uint8Array(0) };
    // A password in clear is given to a server that asks for one, not before.
    if (tried === 'mysql_clear_password' && named !== tried) return { kind: 'say', plugin: tried, data: new Uint8Array(0) };
    const step = this.#answer(tried, nonce);
    return step.kind === 'say' ? { ...step, plugin: tried } : (step as Failed);
  }

  /** The server wants another method ("Protocol::AuthSwitchRequest"). */
  switched(plugin: string, nonce: Uint8Array): MethodStep {
    const method = METHODS.find((known) => known === plugin);
    if (method === undefined)
      return failed(`the database asks for ${shown(plugin)}, which is not supported; use ${METHODS.join(' or ')} for the account`);
    if (!this.#isAccepted(method)) return insecure(`the database asks for the method ${method}, which the upstream does not accept`);
    if (this.#login.password === undefined) return failed('the database asks for a password and the upstream has none');
    return this.#answer(method, nonce);
  }

  /** The server goes on within its method ("Protocol::AuthMoreData"). */
  more(data: Uint8Array): MethodStep {
    if (this.#awaitsKey) return this.#encrypted(lenientText(data));
    if (this.#method !== 'caching_sha2_password' || this.#isAnswered || data.length !== 1) return UNEXPECTED;
    this.#isAnswered = true;
    if (data[0] === FAST_AUTH_SUCCESS) return { kind: 'wait' };
    return data[0] === PERFORM_FULL_AUTHENTICATION ? this.#full() : UNEXPECTED;
  }

  /** The server has let the gateway in. INVARIANT: by a method that the login accepts, and for clients' passwords only when it looked at one. */
  end(): Failed | undefined {
    const { accept, isClients } = this.#login;
    if (this.#awaitsKey) return UNEXPECTED;
    if (accept !== undefined && !accept.includes(this.#used))
      return insecure(`the database asked for the method ${this.#used}, which the upstream does not accept`);
    if (isClients !== true) return undefined;
    const isLookedAt = this.#used === 'caching_sha2_password' ? this.#isAnswered : this.#used !== 'none';
    return isLookedAt
      ? undefined
      : insecure('the database looked at no password, so it cannot say who clients are; have its users use passwords');
  }

  #isAccepted(method: Method): boolean {
    return this.#login.accept?.includes(method) ?? true;
  }

  #answer(method: Method, nonce: Uint8Array): MethodStep {
    const { hash } = this.#tools;
    const password = this.#login.password ?? '';
    if (password.includes('\0')) return failed('the password of the upstream holds a NUL, which the database cannot take');
    this.#method = method;
    this.#used = method;
    this.#nonce = nonce.slice();
    this.#awaitsKey = false;
    this.#isAnswered = false;
    switch (method) {
      case 'caching_sha2_password':
        return { kind: 'say', data: sha2Scramble(hash, password, nonce) };
      case 'mysql_native_password':
        if (hash.sha1 === undefined) return failed('the database asks for mysql_native_password, whose SHA-1 this platform forbids');
        return { kind: 'say', data: nativeScramble(hash as Required<Pick<HashPort, 'sha1'>>, password, nonce) };
      case 'mysql_clear_password':
        if (this.isEncrypted || this.#login.isPrivate === true) return { kind: 'say', data: clearPassword(password) };
        return insecure('the database asks for a password in clear outside of TLS, require TLS for the upstream');
      default:
        return unreachable(method);
    }
  }

  /** The server does not know the password yet: it wants to see it. */
  #full(): MethodStep {
    const { password = '', isSocket, isPrivate, serverPublicKey } = this.#login;
    if (this.isEncrypted || isSocket === true) return { kind: 'say', data: clearPassword(password) };
    if (serverPublicKey !== undefined) return this.#encrypted(serverPublicKey);
    if (isPrivate !== true)
      // Whoever stands in between could give a key of his own.
      return insecure(
        'the database asks for the password, and nothing says whose key it would be encrypted for; require TLS for the upstream, or give server.publicKey',
      );
    this.#awaitsKey = true;
    return { kind: 'say', data: Uint8Array.of(REQUEST_PUBLIC_KEY) };
  }

  #encrypted(pem: string): MethodStep {
    const { password = '' } = this.#login;
    this.#awaitsKey = false;
    const { publicKey } = this.#tools;
    if (publicKey === undefined)
      return failed('the database asks for the password under its public key, which this host cannot encrypt for; require TLS');
    const data = pem.length > MAX_KEY_BYTES ? undefined : publicKey.encryptOaepSha1(pem, obscuredPassword(password, this.#nonce));
    if (data === undefined)
      return failed('the public key of the database is none of RSA with 2048 bits or more, or too short for the password; require TLS');
    return { kind: 'say', data };
  }
}

const UNEXPECTED: Failed = { kind: 'failed', insecure: false, detail: 'the server sent a message that does not belong in a login' };

function failed(detail: string): Failed {
  return { kind: 'failed', insecure: false, detail };
}

function insecure(detail: string): Failed {
  return { kind: 'failed', insecure: true, detail };
}

function shown(plugin: string): string {
  return /^[A-Za-z0-9_]{1,64}$/.test(plugin) ? plugin : 'a method with an unusual name';
}
