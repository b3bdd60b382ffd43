import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { HashPort, ServerLogin } from '@sqlwarden/core';
import { type AuthenticationPacket, writeAuthenticationPacket } from '../protocol/authentication-packets.js';
import { CAPABILITIES, withoutCapability } from '../protocol/capabilities.js';
import { writeErr } from '../protocol/err-packet.js';
import { writeHandshakeV10 } from '../protocol/handshake.js';
import { readClientStart } from '../protocol/handshake-response.js';
import { writeOk } from '../protocol/ok-packet.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket, type PacketWriter } from '../protocol/packet-writer.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { OWN_OPENING, type ServerLoggedIn, ServerLoginLeg, type ServerLoginFailure } from './server-login.js';

const hash: HashPort = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  sha1: (data) => createHash('sha1').update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
};
const SECRET = 'the-secret-password';
const NONCE = Uint8Array.from({ length: 20 }, (_, i) => i + 1);
const { CLIENT_SSL, CLIENT_LOCAL_FILES, CLIENT_COMPRESS } = CAPABILITIES;
/** All that there is. */
const EVERYTHING = 0xffff_ffff;

/** A server whose every packet the test says. */
class Script {
  readonly sent: Uint8Array[] = [];
  failure: ServerLoginFailure | undefined;
  in: ServerLoggedIn | undefined;
  tls = 0;
  readonly leg: ServerLoginLeg;
  readonly #packets = new PacketSplitter('server', 1 << 16);
  #sequenceId = 0;

  constructor(login: Partial<ServerLogin> = {}, tools: { readonly hash?: HashPort } = {}) {
    this.leg = new ServerLoginLeg(
      {
        hash,
        ...tools,
        send: (bytes) => {
          this.sent.push(bytes.slice());
          this.#sequenceId = ((bytes[3] as number) + 1) & 0xff;
        },
        startTls: () => void (this.tls += 1),
        loggedIn: (info) => void (this.in = info),
        loginFailed: (failure) => void (this.failure = failure),
      },
      { user: 'gateway', database: 'crm', password: SECRET, tls: 'require', ...login },
      OWN_OPENING,
      this.#packets,
    );
    this.leg.connected();
  }

  says(...packets: readonly ((writer: PacketWriter) => void)[]): this {
    const bytes = packets.map((write) => encodePacket(this.#sequenceId++, write));
    this.#packets.push(Buffer.concat(bytes));
    while (this.leg.step());
    return this;
  }

  greets(authPlugin = 'caching_sha2_password', capabilities = EVERYTHING, behind?: (writer: PacketWriter) => void): this {
    return this.says(
      (writer) => {
        const greeting = { serverVersion: '9.7.4', connectionId: 7, authData: NONCE, mariadbCapabilities: 0, collation: 255, status: 2 };
        writeHandshakeV10(writer, { ...greeting, authPlugin, capabilities });
      },
      ...(behind === undefined ? [] : [behind]),
    );
  }

  encrypted(): this {
    this.leg.tlsStarted();
    return this;
  }

  asks(packet: AuthenticationPacket): this {
    return this.says((writer) => writeAuthenticationPacket(writer, packet));
  }

  letsIn(): this {
    return this.says(ok);
  }

  /** The payload of what was sent last. */
  get said(): Uint8Array {
    return this.sent.at(-1)?.subarray(4) ?? new Uint8Array(0);
  }

  get shown(): string {
    return Buffer.concat(this.sent).toString('latin1');
  }
}

const ok = (writer: PacketWriter): void =>
  writeOk(writer, { header: 0, affectedRows: 0n, lastInsertId: 0n, status: 2, warnings: 0, info: new Uint8Array(0), changes: [] }, 0);
const switchTo = (plugin: string): AuthenticationPacket => ({ kind: 'AuthSwitchRequest', plugin, data: NONCE });
const more = (...bytes: number[]): AuthenticationPacket => ({ kind: 'AuthMoreData', data: Uint8Array.from(bytes) });

describe('the login on the server leg', () => {
  it('asks for TLS before it says who it is, and for nothing that could be turned against it', () => {
    const script = new Script().greets();
    const request = readClientStart(new PayloadReader(script.said));
    expect(request).toMatchObject({ kind: 'SSLRequest' });
    expect([script.sent.length, script.tls]).toEqual([1, 1]);
    expect(request.capabilities & (CLIENT_LOCAL_FILES | CLIENT_COMPRESS | CAPABILITIES.CLIENT_ZSTD_COMPRESSION_ALGORITHM)).toBe(0);
    const response = readClientStart(new PayloadReader(script.encrypted().said));
    expect(response).toMatchObject({ kind: 'HandshakeResponse41', user: 'gateway', database: 'crm', authPlugin: 'caching_sha2_password' });
    expect(script.sent.map((bytes) => bytes[3])).toEqual([1, 2]);
    expect(script.asks(more(3)).letsIn().in).toMatchObject({ connectionId: 7, serverVersion: '9.7.4', status: 2 });
    expect(script.shown).not.toContain(SECRET);
  });

  it('takes no server that does not encrypt where it must', () => {
    const script = new Script().greets('caching_sha2_password', withoutCapability(EVERYTHING, CLIENT_SSL));
    expect(script.failure).toMatchObject({ kind: 'insecure' });
    expect(script.sent).toEqual([]);
  });

  it('takes no bytes in clear behind the greeting for bytes of TLS', () => {
    const script = new Script().greets('caching_sha2_password', EVERYTHING, ok);
    expect([script.failure?.kind, script.tls]).toEqual(['protocol', 0]);
    const late = new Script().greets().says(ok);
    expect(late.failure).toMatchObject({ kind: 'protocol' });
    expect(late.encrypted().sent).toHaveLength(1);
  });

  it('shows the password to nobody who asks for it in clear outside of TLS', () => {
    const script = new Script({ tls: 'disable' }).greets().asks(switchTo('mysql_clear_password'));
    expect(script.failure).toMatchObject({ kind: 'insecure' });
    expect(script.shown).not.toContain(SECRET);
    const full = new Script({ tls: 'disable' }).greets().asks(more(4));
    expect(full.failure).toMatchObject({ kind: 'insecure' });
    expect(full.shown).not.toContain(SECRET);
  });

  it('shows it in clear where nobody can overhear it, and only to who asks', () => {
    expect(new Script({ tls: 'disable', isPrivate: true }).greets('mysql_clear_password').shown).toContain(SECRET);
    const inside = new Script().greets('mysql_native_password').encrypted();
    expect(inside.shown).not.toContain(SECRET);
    expect(inside.asks(switchTo('mysql_clear_password')).shown).toContain(`${SECRET}\0`);
    expect(inside.letsIn().in).toBeDefined();
    const guessed = new Script({ accept: ['mysql_clear_password'] }).greets('caching_sha2_password').encrypted();
    expect(guessed.shown).not.toContain(SECRET);
  });

  it.each([
    ['a method that is not known', switchTo('auth_gssapi_client'), 'auth_gssapi_client, which is not supported'],
    ['one with a name that is none', switchTo('a b\n'), 'a method with an unusual name'],
    ['the method of servers before 4.1', { kind: 'OldAuthSwitchRequest' } as const, 'mysql_old_password'],
    ['a second factor', { kind: 'AuthNextFactor', plugin: 'x', data: NONCE } as const, 'second factor'],
    ['what belongs to no method', more(9), 'does not belong'],
    ['more than one answer', more(4, 4), 'does not belong'],
  ])('is not led to %s', (_what, packet, detail) => {
    const script = new Script().greets().encrypted().asks(packet);
    expect(script.failure).toMatchObject({ kind: 'refused', detail: expect.stringContaining(detail) });
  });

  it('is not led from method to method without end', () => {
    const script = new Script().greets().encrypted();
    for (let i = 0; i < 5; i++) script.asks(switchTo('mysql_native_password'));
    expect(script.failure).toMatchObject({ kind: 'protocol' });
  });

  it('believes no server that vouches for a client before it looked at the password', () => {
    const client = new Script({ isClients: true }).greets().encrypted().letsIn();
    expect([client.failure?.kind, client.in]).toEqual(['insecure', undefined]);
    expect(new Script({ isClients: true }).greets().encrypted().asks(more(3)).letsIn().in).toBeDefined();
  });

  it('gives the password under no key that is none', () => {
    const script = new Script({ tls: 'disable', isPrivate: true }).greets().asks(more(4)).asks(more(0x2d, 0x2d));
    expect(script.failure).toMatchObject({ kind: 'refused', detail: expect.stringContaining('require TLS') });
  });

  it('names what the platform forbids', () => {
    const without = Object.fromEntries(Object.entries(hash).filter(([name]) => name !== 'sha1')) as unknown as HashPort;
    const script = new Script({}, { hash: without }).greets().encrypted().asks(switchTo('mysql_native_password'));
    expect(script.failure).toMatchObject({ detail: expect.stringContaining('SHA-1') });
  });

  it.each([
    ['settings that clients could change', { settings: { app_user: 'ada' } }, 'propagate nothing'],
    ['a name that the server would cut', { user: 'u'.repeat(33) }, 'longer'],
    ['a name with a NUL', { user: 'a\0b' }, 'NUL'],
  ] as const)('is not begun with %s', (_what, login, detail) => {
    const script = new Script(login).greets();
    expect(script.failure).toMatchObject({ kind: 'refused', detail: expect.stringContaining(detail) });
    expect(script.sent).toEqual([]);
  });

  it('says what the server refused by its number, and never in its words', () => {
    const script = new Script().says((writer) => writeErr(writer, { code: 1040, sqlState: undefined, message: 'words of the server' }));
    expect(script.failure?.detail).toBe("the database refused the gateway's login with error 1040, it has too many connections");
  });
});
