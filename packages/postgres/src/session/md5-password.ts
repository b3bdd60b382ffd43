import type { HashPort } from '@sqlwarden/core';

/**
 * The answer to AuthenticationMD5Password: `md5` and the hexadecimal MD5 of (the hexadecimal MD5 of password and user, then the salt), as "Message
 * Flow" of the PostgreSQL protocol documentation says. Throws when the platform has no MD5.
 */
export function md5Password(hash: Pick<HashPort, 'md5'>, user: string, password: string, salt: Uint8Array): string {
  const { md5 } = hash;
  if (md5 === undefined) throw new Error('there is no MD5 on this platform');
  const stored = hex(md5(utf8.encode(password + user)));
  return `md5${hex(md5(Uint8Array.of(...utf8.encode(stored), ...salt)))}`;
}

const utf8 = new TextEncoder();

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
