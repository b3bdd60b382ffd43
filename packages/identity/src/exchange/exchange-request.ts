import type { Run } from '@sqlwarden/core';
import { ExchangeRefused } from './exchange-refused.js';

/** A request to the token endpoint (RFC 8693 section 2.1) as far as it can be read without its tokens. */
export interface ExchangeRequest {
  readonly subjectToken: string;
  readonly actorToken: string | undefined;
  readonly scope: readonly string[] | undefined;
  readonly run: Run | undefined;
}

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const TOKEN_TYPES: ReadonlySet<string> = new Set([ACCESS_TOKEN, JWT]);

/** Those that are read; others are ignored (RFC 6749 section 3.2). */
const ONCE = [
  'grant_type',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'scope',
  'conversation',
  'training_run',
  'job',
] as const;
type Once = (typeof ONCE)[number];
const MAX_RUN_CHARACTERS = 256;

/**
 * Reads a form (`application/x-www-form-urlencoded`). `conversation`, `training_run` and `job` are parameters of our own: what the caller says
 * it is a part of.
 *
 * @throws ExchangeRefused
 */
export function readExchangeRequest(form: string, audience: string): ExchangeRequest {
  const given = new URLSearchParams(form);
  const value = (name: Once) => only(given, name);
  const grant = value('grant_type');
  if (grant === undefined) throw wrong('grant_type is missing');
  if (grant !== TOKEN_EXCHANGE) throw new ExchangeRefused('unsupported_grant_type', 'request', `the only grant_type is ${TOKEN_EXCHANGE}`);
  const requested = value('requested_token_type');
  if (requested !== undefined && !TOKEN_TYPES.has(requested)) throw wrong(`requested_token_type must be ${ACCESS_TOKEN}`);
  for (const target of [...given.getAll('audience'), ...given.getAll('resource')]) {
    if (target !== audience)
      throw new ExchangeRefused('invalid_target', 'target', 'tokens are for one audience only; leave out audience and resource');
  }
  const subjectToken = token(value, 'subject_token');
  if (subjectToken === undefined) throw wrong('subject_token is missing');
  const scope = value('scope');
  return {
    subjectToken,
    actorToken: token(value, 'actor_token'),
    scope: scope === undefined ? undefined : [...new Set(scope.split(' ').filter((group) => group !== ''))],
    run: runOf(value),
  };
}

/** A parameter without a value counts as left out, and none may be given twice (RFC 6749 section 3.2). */
function only(given: URLSearchParams, name: Once): string | undefined {
  const values = given.getAll(name);
  if (values.length > 1) throw wrong(`${name} is given twice`);
  const [value] = values;
  return value === '' ? undefined : value;
}

function token(value: (name: Once) => string | undefined, name: 'subject_token' | 'actor_token'): string | undefined {
  const given = value(name);
  const type = value(`${name}_type`);
  if (given === undefined) {
    if (type !== undefined) throw wrong(`${name}_type is given without ${name}`);
    return undefined;
  }
  if (type === undefined || !TOKEN_TYPES.has(type)) throw wrong(`${name}_type must be ${JWT} or ${ACCESS_TOKEN}`);
  return given;
}

function runOf(value: (name: Once) => string | undefined): Run | undefined {
  const text = (name: 'conversation' | 'training_run' | 'job') => {
    const given = value(name);
    if (given !== undefined && (given.length > MAX_RUN_CHARACTERS || /\p{Cc}/u.test(given))) {
      throw wrong(`${name} must be a text of at most ${MAX_RUN_CHARACTERS} characters without control characters`);
    }
    return given;
  };
  const [conversation, trainingRun, job] = [text('conversation'), text('training_run'), text('job')];
  if (conversation === undefined && trainingRun === undefined && job === undefined) return undefined;
  return {
    ...(conversation === undefined ? {} : { conversation }),
    ...(trainingRun === undefined ? {} : { trainingRun }),
    ...(job === undefined ? {} : { job }),
  };
}

function wrong(message: string): ExchangeRefused {
  return new ExchangeRefused('invalid_request', 'request', message);
}
