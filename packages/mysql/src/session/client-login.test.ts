import { describe, expect, it } from '@jest/globals';
import type { ClientMethod, LoginRequest, SessionHost } from '@sqlwarden/core';
import { type AuthenticationPacket, readAuthenticationPacket } from '../protocol/authentication-packets.js';
import { CAPABILITIES, capabilityNames, hasCapability, withoutCapability } from '../protocol/capabilities.js';
import { type HandshakeV10, readHandshakeV10 } from '../protocol/handshake.js';
import { type HandshakeResponse41, writeHandshakeResponse41, writeSslRequest } from '../protocol/handshake-response.js';
import { PacketSplitter } from '../protocol/packet-splitter.js';
import { encodePacket, PacketWriter } from '../protocol/packet-writer.js';
import { PayloadReader } from '../protocol/payload-reader.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { type AcceptedHandshake, ClientLogin, type ClientLoginOptions } from './client-login.js';

const { CLIENT_COMPRESS, CLIENT_LOCAL_FILES, CLIENT_PLUGIN_AUTH, CLIENT_SSL, CLIENT_ZSTD_COMPRESSION_ALGORITHM } = CAPABILITIES;
/** All that there is but TLS. */
const EVERYTHING = withoutCapability(0xffff_ffff, CLIENT_SSL);
const SCRAMBLE = new Uint8Array(32).fill(9);
const TOKEN = 'header.payload.signature';
const VERIFIER = {
  salt: new Uint8Array(16),
  iterations: 4096,
  storedKey: new Uint8Array(32),
  serverKey: new Uint8Array(32),
  isMock: false,
};
const PASSWORD: ClientMethod = { kind: 'scram', verifier: VERIFIER, endPoint: undefined };

interface Leg {
  readonly canEncrypt?: boolean;
  readonly isPrivate?: boolean;
  readonly isSocket?: boolean;
}

/** A client whose every packet the test says. */
class Script {
  readonly told: Uint8Array[] = [];
  readonly login: ClientLogin;
  request: LoginRequest | undefined;
  handshake: AcceptedHandshake | undefined;
  ahead: Uint8Array | undefined;
  readonly #packets = new PacketSplitter('client', 1 << 16);
  #sequenceId = 1;

  constructor({ canEncrypt = true, isPrivate = false, isSocket = false }: Leg = {}, options: ClientLoginOptions = {}) {
    const host = {
      canEncryptClient: canEncrypt,
      clientLegIsPrivate: isPrivate || isSocket,
      clientLegIsSocket: isSocket,
      randomBytes: (length: number) => Uint8Array.from({ length }, (_, i) => (i * 36) & 0xff),
    } as unknown as SessionHost;
    this.login = new ClientLogin(
      {
        host,
        send: (bytes) => {
          this.told.push(bytes.slice());
          this.#sequenceId = ((bytes[3] as number) + 1) & 0xff;
        },
        startTls: (ahead) => void (this.ahead = ahead),
        identified: (request, handshake) => {
          this.request = request;
          this.handshake = handshake;
        },
      },
      this.#packets,
      options,
    );
    this.login.greet();
  }

  get greeting(): HandshakeV10 {
    return readHandshakeV10(new PayloadReader(this.told[0] as Uint8Array, 4));
  }

  raw(bytes: Uint8Array): this {
    this.#packets.push(bytes);
    while (this.login.step());
    return this;
  }

  says(...payload: readonly number[]): this {
    return this.raw(encodePacket(this.#sequenceId++, (writer) => writer.bytes(Uint8Array.from(payload))));
  }

  saysText(text: string): this {
    return this.says(...Buffer.from(text));
  }

  sslRequest(behind: Uint8Array = new Uint8Array(0)): this {
    const start = { capabilities: EVERYTHING | CLIENT_SSL, mariadbCapabilities: 0, maxPacketSize: 1 << 24, collation: 45 };
    const request = encodePacket(this.#sequenceId++, (writer) =>
      writeSslRequest(writer, { kind: 'SSLRequest', ...start, capabilities: start.capabilities >>> 0 }),
    );
    return this.raw(Buffer.concat([request, behind]));
  }

  encrypted(): this {
    this.sslRequest();
    this.login.tlsStarted();
    return this;
  }

  responds(response: Partial<HandshakeResponse41> = {}): this {
    const whole: HandshakeResponse41 = {
      kind: 'HandshakeResponse41',
      capabilities: EVERYTHING,
      mariadbCapabilities: 0,
      maxPacketSize: 1 << 24,
      collation: 33,
      user: 'ada',
      authResponse: SCRAMBLE,
      database: undefined,
      authPlugin: 'caching_sha2_password',
      attributes: [],
      zstdLevel: undefined,
      ...response,
    };
    const bound =
      whole.database === undefined ? withoutCapability(whole.capabilities, CAPABILITIES.CLIENT_CONNECT_WITH_DB) : whole.capabilities;
    return this.raw(encodePacket(this.#sequenceId++, (writer) => writeHandshakeResponse41(writer, { ...whole, capabilities: bound })));
  }

  /** What the client was asked last, behind the greeting. */
  get asked(): AuthenticationPacket | undefined {
    const last = this.told.length > 1 ? this.told.at(-1) : undefined;
    return last === undefined ? undefined : readAuthenticationPacket(new PayloadReader(last, 4));
  }
}

const by = (method: ClientMethod): ClientLoginOptions => ({ clientMethod: () => method });
const FULL = { kind: 'AuthMoreData', data: Uint8Array.of(4) };
const FAST = { kind: 'AuthMoreData', data: Uint8Array.of(3) };

describe('the greeting', () => {
  it('has the version of the server, and what the gateway decodes', () => {
    const { greeting } = new Script({}, { greeting: '10.11.19-MariaDB-0+deb12u1' });
    expect(greeting).toMatchObject({
      serverVersion: '10.11.19-MariaDB-0+deb12u1',
      authPlugin: 'caching_sha2_password',
      mariadbCapabilities: 0,
    });
    expect(greeting.authData).toHaveLength(20);
    expect(greeting.authData.some((byte) => byte === 0 || byte === 0x24 || byte > 0x7f)).toBe(false);
    expect(greeting.connectionId).toBeGreaterThan(0);
    expect(capabilityNames(greeting.capabilities)).toEqual([
      'CLIENT_LONG_PASSWORD',
      'CLIENT_FOUND_ROWS',
      'CLIENT_LONG_FLAG',
      'CLIENT_CONNECT_WITH_DB',
      'CLIENT_IGNORE_SPACE',
      'CLIENT_PROTOCOL_41',
      'CLIENT_INTERACTIVE',
      'CLIENT_SSL',
      'CLIENT_TRANSACTIONS',
      'CLIENT_RESERVED',
      'CLIENT_SECURE_CONNECTION',
      'CLIENT_MULTI_STATEMENTS',
      'CLIENT_MULTI_RESULTS',
      'CLIENT_PS_MULTI_RESULTS',
      'CLIENT_PLUGIN_AUTH',
      'CLIENT_CONNECT_ATTRS',
      'CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA',
      'CLIENT_SESSION_TRACK',
      'CLIENT_DEPRECATE_EOF',
    ]);
  });

  it.each([
    ['9.7.4', true],
    ['8.0.23', true],
    ['8.0.22', false],
    ['8.4.0-log', true],
    ['5.7.44', false],
    ['10.11.19-MariaDB', false],
    [undefined, false],
  ])('of %s offers query attributes: %s', (greeting, wanted) => {
    const { capabilities } = new Script({}, greeting === undefined ? {} : { greeting }).greeting;
    expect(hasCapability(capabilities, CAPABILITIES.CLIENT_QUERY_ATTRIBUTES)).toBe(wanted);
  });

  it('offers no TLS where there is none', () => {
    expect(hasCapability(new Script({ canEncrypt: false }).greeting.capabilities, CLIENT_SSL)).toBe(false);
    expect(() => new Script({ canEncrypt: false }).sslRequest()).toThrow(ProtocolError);
  });
});

describe('a client', () => {
  it('agrees on nothing that was not offered', () => {
    const script = new Script().encrypted().responds({ database: 'crm' });
    script.saysText(`${TOKEN}\0`);
    const { capabilities = -1, database, collation } = script.handshake ?? {};
    expect(capabilities & (CLIENT_COMPRESS | CLIENT_LOCAL_FILES | CLIENT_ZSTD_COMPRESSION_ALGORITHM | CAPABILITIES.CLIENT_NO_SCHEMA)).toBe(
      0,
    );
    expect(capabilities & (CAPABILITIES.CLIENT_OPTIONAL_RESULTSET_METADATA | CAPABILITIES.CLIENT_QUERY_ATTRIBUTES)).toBe(0);
    expect([database, collation]).toEqual(['crm', 33]);
  });

  it('is asked for its token by full authentication, inside of TLS', () => {
    const script = new Script().encrypted().responds();
    expect(script.asked).toEqual(FULL);
    script.saysText(`${TOKEN}\0`);
    expect(script.request).toMatchObject({ user: 'ada', encrypted: true, credential: { kind: 'token', token: TOKEN } });
    script.login.accepted();
    expect(script.told).toHaveLength(2);
    expect(script.login.sequenceId).toBe(5);
  });

  it('is asked for nothing in clear where it can be overheard', () => {
    const script = new Script().responds({ authPlugin: 'mysql_clear_password', authResponse: Buffer.from(`${TOKEN}\0`) });
    expect(script.request?.credential).toMatchObject({
      kind: 'refused',
      refusal: { code: 'identity-missing', message: expect.stringContaining('TLS') },
    });
    expect(new Script({}, by(PASSWORD)).responds().request?.credential).toMatchObject({ kind: 'refused' });
  });

  it('is asked by mysql_clear_password on loopback, where its own plugin would believe to be overheard', () => {
    const script = new Script({ isPrivate: true }).responds();
    expect(script.asked).toMatchObject({ kind: 'AuthSwitchRequest', plugin: 'mysql_clear_password' });
    expect(script.saysText(`${TOKEN}\0`).request?.credential).toEqual({ kind: 'token', token: TOKEN });
  });

  it('is asked by full authentication on a unix socket', () => {
    expect(new Script({ isSocket: true }).responds().asked).toEqual(FULL);
  });

  it('is led to a method that can say it', () => {
    const script = new Script().encrypted().responds({ authPlugin: 'mysql_native_password', authResponse: new Uint8Array(20) });
    expect(script.asked).toMatchObject({ kind: 'AuthSwitchRequest', plugin: 'caching_sha2_password' });
    expect(script.says(...SCRAMBLE).asked).toEqual(FULL);
    expect(script.saysText(`${TOKEN}\0`).request?.credential).toEqual({ kind: 'token', token: TOKEN });
  });

  it('may give it at once in clear, or as an OpenID Connect token', () => {
    const clear = new Script().encrypted().responds({ authPlugin: 'mysql_clear_password', authResponse: Buffer.from(`${TOKEN}\0`) });
    expect(clear.request?.credential).toEqual({ kind: 'token', token: TOKEN });
    const openid = new PacketWriter().int1(1).lenencText(TOKEN).take();
    const plugin = 'authentication_openid_connect_client';
    expect(new Script().encrypted().responds({ authPlugin: plugin, authResponse: openid }).request?.credential).toEqual({
      kind: 'token',
      token: TOKEN,
    });
    const later = new Script().encrypted().responds({ authPlugin: plugin, authResponse: new Uint8Array(0) });
    expect(later.asked).toMatchObject({ kind: 'AuthSwitchRequest', plugin });
    expect(later.says(...openid).request?.credential).toEqual({ kind: 'token', token: TOKEN });
    expect(() => new Script().encrypted().responds({ authPlugin: plugin, authResponse: Uint8Array.of(2, 0) })).toThrow(ProtocolError);
  });

  it('gives a password where users have one, and no token in its place', () => {
    const script = new Script({}, by(PASSWORD)).encrypted().responds();
    expect(script.saysText('x\0').request?.credential).toEqual({ kind: 'password', password: 'x' });
    const openid = new PacketWriter().int1(1).lenencText(TOKEN).take();
    const other = new Script({}, by(PASSWORD))
      .encrypted()
      .responds({ authPlugin: 'authentication_openid_connect_client', authResponse: openid });
    expect(other.asked).toMatchObject({ kind: 'AuthSwitchRequest', plugin: 'caching_sha2_password' });
  });

  it('has given nothing with an empty password', () => {
    expect(new Script().encrypted().responds({ authResponse: new Uint8Array(0) }).request?.credential).toEqual({ kind: 'none' });
    expect(new Script({ isPrivate: true }).responds().says(0).request?.credential).toEqual({ kind: 'none' });
  });

  it('is told to use TLS when it would encrypt its password for a key', () => {
    const { credential } = new Script({ isSocket: true }).responds().says(2).request ?? {};
    expect(credential).toMatchObject({ kind: 'refused', refusal: { message: expect.stringContaining('TLS') } });
  });

  it('has guessed wrong with what is no text, and broken the protocol with a NUL', () => {
    expect(new Script().encrypted().responds().says(0xff, 0).request?.credential).toMatchObject({ kind: 'refused', isGuess: true });
    expect(() => new Script().encrypted().responds().says(0x61, 0, 0x61, 0)).toThrow(ProtocolError);
  });

  it('needs authentication plugins to give a secret', () => {
    const old = new Script().encrypted().responds({ capabilities: withoutCapability(EVERYTHING, CLIENT_PLUGIN_AUTH) });
    expect(old.request?.credential).toMatchObject({ kind: 'refused', refusal: { code: 'identity-missing' } });
  });

  it.each<ClientMethod['kind'] & ('none' | 'certificate' | 'workload')>(['none', 'certificate', 'workload'])(
    'that is known (%s) is asked for nothing, and let in as its plugin waits for it',
    (kind) => {
      const options = by({ kind });
      const scrambled = new Script({}, options).encrypted().responds();
      expect(scrambled.request?.credential).toEqual({ kind });
      scrambled.login.accepted();
      expect(scrambled.asked).toEqual(FAST);
      for (const response of [
        { authResponse: new Uint8Array(0) },
        { authPlugin: 'mysql_native_password', authResponse: new Uint8Array(20) },
        { capabilities: withoutCapability(EVERYTHING, CLIENT_PLUGIN_AUTH) },
      ]) {
        const silent = new Script({}, options).encrypted().responds(response);
        silent.login.accepted();
        expect([silent.request?.credential, silent.asked]).toEqual([{ kind }, undefined]);
      }
      const other = new Script({}, options).encrypted().responds({ authPlugin: 'sha256_password', authResponse: Uint8Array.of(1) });
      expect(other.asked).toMatchObject({ plugin: 'caching_sha2_password' });
      other.says(...SCRAMBLE).login.accepted();
      expect([other.request?.credential, other.asked]).toEqual([{ kind }, FAST]);
    },
  );

  it('is refused as the host says', () => {
    const refusal = { code: 'login-throttled', message: 'later' } as const;
    expect(new Script({}, by({ kind: 'refuse', refusal })).encrypted().responds().request?.credential).toEqual({
      kind: 'refused',
      refusal,
    });
  });

  it('says with attributes of the connection what it wants, and the ledger hears of few', () => {
    const attributes = [
      { name: '_client_name', value: 'libmysql' },
      { name: '_pid', value: '7' },
      { name: 'sqlwarden.purpose', value: 'report' },
    ];
    const script = new Script().encrypted().responds({ attributes });
    script.saysText(`${TOKEN}\0`);
    expect(script.request?.parameters).toEqual({ _client_name: 'libmysql', 'sqlwarden.purpose': 'report' });
    expect(script.handshake?.intent).toEqual({ purpose: { value: 'report', source: 'startup' } });
    expect(script.handshake?.attributes.get('_pid')).toBe('7');
    const unfit = new Script().encrypted().responds({ attributes: [{ name: 'sqlwarden.purpose', value: '\u0001' }] });
    expect(unfit.request?.credential).toMatchObject({ kind: 'refused', refusal: { code: 'message-unsupported' } });
  });

  it('is somebody', () => {
    expect(new Script().encrypted().responds({ user: '' }).request?.credential).toMatchObject({ kind: 'refused' });
  });
});

describe('bytes behind SSLRequest', () => {
  it('are for TLS, which clients begin without waiting', () => {
    const hello = Uint8Array.of(0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5);
    const script = new Script().sslRequest(hello);
    expect(script.ahead).toEqual(hello);
    script.login.tlsStarted();
    expect(script.responds().asked).toEqual(FULL);
  });

  it('end the connection when they are in clear', () => {
    const response = encodePacket(2, (writer) => writer.int4(EVERYTHING));
    expect(() => new Script().sslRequest(response)).toThrow(/in clear/);
    expect(() => new Script().sslRequest().responds()).toThrow(/in clear/);
    expect(() => new Script().encrypted().sslRequest()).toThrow(ProtocolError);
  });
});
