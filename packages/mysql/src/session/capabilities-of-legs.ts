import { CAPABILITIES, type Capabilities, hasCapability } from '../protocol/capabilities.js';

const {
  CLIENT_LONG_PASSWORD,
  CLIENT_FOUND_ROWS,
  CLIENT_LONG_FLAG,
  CLIENT_CONNECT_WITH_DB,
  CLIENT_IGNORE_SPACE,
  CLIENT_PROTOCOL_41,
  CLIENT_INTERACTIVE,
  CLIENT_SSL,
  CLIENT_TRANSACTIONS,
  CLIENT_RESERVED,
  CLIENT_SECURE_CONNECTION,
  CLIENT_MULTI_STATEMENTS,
  CLIENT_MULTI_RESULTS,
  CLIENT_PS_MULTI_RESULTS,
  CLIENT_PLUGIN_AUTH,
  CLIENT_CONNECT_ATTRS,
  CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
  CLIENT_SESSION_TRACK,
  CLIENT_DEPRECATE_EOF,
  CLIENT_QUERY_ATTRIBUTES,
} = CAPABILITIES;

/** What decides how the packets of the command phase look: the same on both legs, so that they can be forwarded as they are. */
const FORMS: Capabilities = either(
  CLIENT_MULTI_STATEMENTS,
  CLIENT_MULTI_RESULTS,
  CLIENT_PS_MULTI_RESULTS,
  CLIENT_SESSION_TRACK,
  CLIENT_DEPRECATE_EOF,
  CLIENT_QUERY_ATTRIBUTES,
);

/** What a session is like without its packets looking different. */
const HABITS: Capabilities = either(CLIENT_FOUND_ROWS, CLIENT_IGNORE_SPACE, CLIENT_INTERACTIVE);

/** Every session of protocol 4.1 has these. */
const BASE: Capabilities = either(
  CLIENT_LONG_PASSWORD,
  CLIENT_LONG_FLAG,
  CLIENT_PROTOCOL_41,
  CLIENT_TRANSACTIONS,
  CLIENT_RESERVED,
  CLIENT_SECURE_CONNECTION,
  CLIENT_PLUGIN_AUTH,
);

/** Said in the login only. */
const LOGIN: Capabilities = either(CLIENT_CONNECT_WITH_DB, CLIENT_CONNECT_ATTRS, CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA);

/** Query attributes came with MySQL 8.0.23 ("Query Attributes"); no MariaDB has them. */
const MYSQL_VERSION = /^(\d+)\.(\d+)\.(\d+)/;

/**
 * What clients are offered: all that the gateway decodes and the server behind it is known to have. Never offered: compression, LOCAL INFILE,
 * optional result-set metadata, several factors, and everything of MariaDB's extended capabilities. `greeting`: the server's version in its own words.
 */
export function offeredCapabilities(greeting: string | undefined, canEncrypt: boolean): Capabilities {
  const forms = greeting !== undefined && hasQueryAttributes(greeting) ? FORMS : FORMS & ~CLIENT_QUERY_ATTRIBUTES;
  return either(BASE, LOGIN, HABITS, forms, canEncrypt ? CLIENT_SSL : 0);
}

function hasQueryAttributes(greeting: string): boolean {
  const [, major, minor, patch] = (MYSQL_VERSION.exec(greeting) ?? []).map(Number);
  if (major === undefined || minor === undefined || patch === undefined || isMariadb(greeting)) return false;
  return major > 8 || (major === 8 && (minor > 0 || patch >= 23));
}

export function isMariadb(version: string): boolean {
  return /mariadb/i.test(version);
}

/** Of a session's capabilities those that the command phase knows: what its packets look like, and its habits. */
export function sessionCapabilities(capabilities: Capabilities): Capabilities {
  return either(BASE, capabilities & either(FORMS, HABITS));
}

/** What the login on the server leg asks for, of what the server can. */
export function askedCapabilities(session: Capabilities, server: Capabilities, said: Capabilities): Capabilities {
  const asked = either(sessionCapabilities(session), said, CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) & server;
  // A MariaDB does not set it, to say that it has more; a client that has none of that does.
  return either(asked, CLIENT_LONG_PASSWORD);
}

/** What the session's packets look like and the server cannot do. */
export function missingForms(session: Capabilities, server: Capabilities): Capabilities {
  return (session & FORMS & ~server) >>> 0;
}

/** What no server that can be spoken to may lack. */
export function isProtocol41(capabilities: Capabilities): boolean {
  return hasCapability(capabilities, either(CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION));
}

/** For connections of the gateway's own. */
export const OWN_CAPABILITIES: Capabilities = either(BASE, CLIENT_MULTI_RESULTS, CLIENT_DEPRECATE_EOF);

function either(...flags: readonly Capabilities[]): Capabilities {
  return flags.reduce((all, flag) => all | flag, 0) >>> 0;
}
