import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type AssertedIntent,
  assertedIntent,
  INTENT_FIELDS,
  INTENT_FORMS,
  type IntentField,
  isIntentValue,
  type Principal,
} from '@sqlwarden/core';

/** Who statements are for: a token that one of the configuration's issuers signed, or a principal that the application has verified. */
export type Identity = string | Principal;

/** Why statements are run, as the application says. Recorded as asserted; a policy can require it. */
export type StatedIntent = Readonly<Partial<Record<IntentField, string | undefined>>>;

/** Who and why, for everything that {@link runAs} has begun. */
export interface IdentityContext {
  readonly identity: Identity;
  readonly intent: AssertedIntent | undefined;
}

const KEY = Symbol.for('sqlwarden.identity-context.1');

/** One for the process: an application may have loaded this package both as an ES module and as CommonJS. */
function storage(): AsyncLocalStorage<IdentityContext | undefined> {
  const shared = globalThis as { [KEY]?: AsyncLocalStorage<IdentityContext | undefined> };
  shared[KEY] ??= new AsyncLocalStorage<IdentityContext | undefined>();
  return shared[KEY];
}

/**
 * Runs `work`, and everything that it begins and awaits, for an identity: governed pools without an identity of their own take connections
 * of this one. `intent` says why. Inside of another `runAs`, nothing of the outer one holds. Returns what `work` returns; throws a `TypeError`
 * for an identity or a value that cannot be one.
 */
export function runAs<T>(identity: Identity, work: () => T): T;
export function runAs<T>(identity: Identity, intent: StatedIntent, work: () => T): T;
export function runAs<T>(identity: Identity, intentOrWork: StatedIntent | (() => T), maybeWork?: () => T): T {
  const work = typeof intentOrWork === 'function' ? intentOrWork : maybeWork;
  if (work === undefined) throw new TypeError('runAs needs a function to run: runAs(identity, intent, work)');
  const intent = typeof intentOrWork === 'function' ? undefined : libraryIntent(intentOrWork);
  return storage().run({ identity: ownIdentity(identity), intent }, work);
}

/** Who and why here and now; `undefined` outside of every {@link runAs}. */
export function identityContext(): IdentityContext | undefined {
  return storage().getStore();
}

/** Runs `work`, and everything that it begins, for nobody: what serves several requests must not go on as the one that happened to begin it. */
export function runAsNobody<T>(work: () => T): T {
  return storage().run(undefined, work);
}

/**
 * A copy that nobody else can change: whoever changes a principal later must not change whose connections these are. Throws a `TypeError` for
 * what cannot be one.
 */
export function ownIdentity(identity: Identity): Identity {
  assertIdentity(identity);
  return typeof identity === 'object' ? structuredClone(identity) : identity;
}

/** Throws a `TypeError`: somebody who forgot the token must not become somebody. */
function assertIdentity(identity: unknown): asserts identity is Identity {
  const isToken = typeof identity === 'string' && identity !== '';
  const isPrincipal = typeof identity === 'object' && identity !== null && 'subject' in identity && 'proof' in identity;
  if (!isToken && !isPrincipal) throw new TypeError('an identity is a token or a principal that the application has verified');
}

function libraryIntent(stated: StatedIntent): AssertedIntent | undefined {
  const values: Partial<Record<IntentField, string>> = {};
  for (const field of INTENT_FIELDS) {
    const value: unknown = stated[field];
    if (value === undefined) continue;
    if (typeof value !== 'string' || !isIntentValue(field, value)) throw new TypeError(`the ${field} must be ${INTENT_FORMS[field]}`);
    values[field] = value;
  }
  return assertedIntent('library', values);
}
