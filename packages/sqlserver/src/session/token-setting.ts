/** A text that a client wants to run, and what of it is a token for the gateway alone. */
export interface TokenSetting {
  /** What the server and the ledger get. */
  readonly text: string;
  /** Empty: the text names the value otherwise than it must, and whatever it holds goes nowhere. */
  readonly renewal?: string;
}

const NAMES_IT = /\bsqlwarden\b[^A-Za-z0-9.]*\.[^A-Za-z0-9.]*\btoken\b/i;
/** "sp_set_session_context". A token is a compact JWS (RFC 7515 section 7.1). */
const SETS_IT =
  /^exec(?:ute)?\s+(?:sys\.)?sp_set_session_context\s+(?:@key\s*=\s*)?N?'sqlwarden\.token'\s*,\s*(?:@value\s*=\s*)?N?'(?<token>[\w.~+/=-]+)'$/i;
/** Answered by the server as the client's own statement would be; it sets something that nobody reads. */
const INSTEAD = "EXECUTE sp_set_session_context N'sqlwarden.token', NULL";

/** The name of the value in the session context. */
export const TOKEN_KEY = 'sqlwarden.token';

/**
 * Takes the token out of `EXECUTE sp_set_session_context N'sqlwarden.token', N'<token>'`, which renews the identity of a session. A text that names the value
 * in another way is to be refused without being shown to anybody, since it may hold a token. Linear time.
 */
export function tokenSetting(text: string): TokenSetting {
  if (!NAMES_IT.test(text)) return { text };
  return { text: INSTEAD, renewal: SETS_IT.exec(statementOf(text))?.groups?.['token'] ?? '' };
}

/**
 * Without the white space, the semicolon and the comment around it, which instrumentation adds to every statement (sqlcommenter). By hand,
 * because a pattern with two runs of white space takes quadratic time.
 */
function statementOf(text: string): string {
  const trimmed = text.trim();
  const comment = trimmed.endsWith('*/') ? trimmed.lastIndexOf('/*') : -1;
  const bare = comment < 0 ? trimmed : trimmed.slice(0, comment).trimEnd();
  return bare.endsWith(';') ? bare.slice(0, -1).trimEnd() : bare;
}
