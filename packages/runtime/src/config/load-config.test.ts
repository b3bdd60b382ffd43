import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ACTIONS, STATEMENT_CLASSES } from '@sqlwarden/core';
import { ALGORITHMS, PRESETS } from '@sqlwarden/identity';
import { ConfigError } from './config-error.js';
import { DEFAULT_DRAIN, DEFAULT_LIMITS } from './gateway-config.js';
import { parseListen } from './listen-address.js';
import { loadConfig } from './load-config.js';

const root = mkdtempSync(join(tmpdir(), 'sqlwarden-config-'));
afterAll(() => rmSync(root, { recursive: true }));
const file = join(root, 'sqlwarden.yaml');

function load(yaml: string) {
  writeFileSync(file, yaml);
  return loadConfig(file);
}
function problemsOf(yaml: string): string[] {
  try {
    load(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${file}:`, '').split('\n');
    throw error;
  }
  return [];
}

const UPSTREAM = '  - { name: crm, database: postgres, listen: "127.0.0.1:15432", server: { host: db }, credentials: { user: gateway } }';
const ISSUER = '    - { name: okta, preset: okta, issuer: "https://acme.okta.com/oauth2/default", audience: sqlwarden }';
const config = ({ environment = 'production', upstream = UPSTREAM, issuer = ISSUER, more = '' } = {}): string =>
  `version: 1
environment: ${environment}
upstreams:
${upstream}
identity:
  issuers:
${issuer}
policy: ./policy/*.yaml
ledger: { directory: ./ledger }
${more}`;

describe('loadConfig', () => {
  it('fills in defaults and takes paths from the directory of the file', () => {
    expect(load(config())).toEqual({
      file,
      directory: root,
      environment: 'production',
      upstreams: [
        {
          name: 'crm',
          database: 'postgres',
          listen: { kind: 'tcp', host: '127.0.0.1', port: 15432, isPrivate: true },
          clientTls: undefined,
          clients: ['token'],
          oauth: { openidConfiguration: 'https://acme.okta.com/oauth2/default/.well-known/openid-configuration' },
          server: {
            host: 'db',
            port: 5432,
            socket: undefined,
            database: 'crm',
            tls: 'verify-full',
            ca: undefined,
            certificate: undefined,
            sslNegotiation: 'postgres',
            routing: 'refuse',
            protocol: '3.2',
            connectTimeoutMs: 10_000,
          },
          credentials: {
            user: 'gateway',
            password: { kind: 'none' },
            accept: undefined,
            channelBinding: 'prefer',
            sessions: { mode: 'shared' },
          },
          propagate: {},
        },
      ],
      identity: {
        issuers: [{ name: 'okta', preset: 'okta', issuer: 'https://acme.okta.com/oauth2/default', audience: 'sqlwarden' }],
        users: undefined,
        certificates: [],
        workload: undefined,
        revocations: undefined,
      },
      policy: [join(root, 'policy/*.yaml')],
      ledger: {
        directory: join(root, 'ledger'),
        origin: 'sqlwarden/production',
        reads: 'grouped',
        sinks: [],
        keys: { rotateAfterMs: undefined, command: undefined },
        retention: { entriesMs: undefined, valuesMs: undefined },
      },
      masking: { keyFile: undefined },
      admin: undefined,
      workers: 1,
      drain: DEFAULT_DRAIN,
      health: { listen: undefined, needsUpstreams: false },
      limits: DEFAULT_LIMITS,
      catalogue: { maxAgeMs: 1000 },
    });
  });

  it('reads how clients and the gateway log in', () => {
    const upstream = `  - name: crm
    database: postgres
    listen: 0.0.0.0:15432
    clientTls: { certificate: ./c.pem, key: ./c.key, ca: ./clients.pem, crl: ./crl.pem, requireCertificate: true, minVersion: TLSv1.3 }
    clients: [certificate, password]
    server: { host: db, protocol: 3.0, sslNegotiation: direct, certificate: { certificate: ./g.pem, key: ./g.key } }
    credentials:
      user: gateway
      passwordCommand: { command: [./token, --role, crm], cacheMs: 0 }
      accept: scram-sha-256-plus
      channelBinding: require`;
    const users = 'users: ./users.yaml';
    const yaml = config({ upstream }).replace(`issuers:\n${ISSUER}`, `${users}\n  certificates: [{ commonName: bob, kind: person }]`);
    const loaded = load(yaml);
    expect(loaded.identity).toEqual({
      issuers: [],
      users: join(root, 'users.yaml'),
      certificates: [{ commonName: 'bob', kind: 'person' }],
    });
    expect(loaded.upstreams[0]).toMatchObject({
      clientTls: { ca: join(root, 'clients.pem'), crl: join(root, 'crl.pem'), requireCertificate: true, minVersion: 'TLSv1.3' },
      clients: ['certificate', 'password'],
      server: { protocol: '3.0', sslNegotiation: 'direct', certificate: { certificate: join(root, 'g.pem'), key: join(root, 'g.key') } },
      credentials: {
        password: { kind: 'command', command: ['./token', '--role', 'crm'], timeoutMs: 10_000, cacheMs: 0 },
        accept: ['scram-sha-256-plus'],
        channelBinding: 'require',
      },
    });
  });

  const logins = (more: string, server = 'host: db', credentials = 'user: gateway'): string =>
    config({
      upstream: `  - { name: crm, database: postgres, listen: "127.0.0.1:15432", ${more}server: { ${server} }, credentials: { ${credentials} } }`,
    });
  it.each<[string, string, string]>([
    ['passwords without users', logins('clients: password, '), 'clients lets clients in by password, and there are no users'],
    [
      'certificates that stand for nobody',
      logins('clients: certificate, '),
      'clients lets clients in by certificate, and none stands for anybody',
    ],
    [
      'certificates that nobody asks for',
      logins('clients: certificate, '),
      'clients lets clients in by certificate, and nobody asks for one',
    ],
    [
      'a certificate behind a token',
      logins('clients: [token, certificate], '),
      'clients has certificate behind a way that is asked of everybody',
    ],
    ['a way twice', logins('clients: [token, token], '), 'clients is not right here'],
    ['an unknown way', logins('clients: kerberos, '), 'clients is "kerberos"'],
    [
      'a requirement without authorities',
      logins('clientTls: { certificate: a, key: b, requireCertificate: true }, '),
      'requireCertificate needs authorities',
    ],
    ['a revocation list without authorities', logins('clientTls: { certificate: a, key: b, crl: c }, '), 'crl is not looked at without ca'],
    ['binding without TLS', logins('', 'host: db, tls: disable', 'user: g, channelBinding: require'), 'channelBinding needs TLS'],
    [
      'binding that is not accepted',
      logins('', 'host: db', 'user: g, channelBinding: require, accept: md5'),
      'accept leaves out scram-sha-256-plus',
    ],
    [
      'direct TLS without TLS',
      logins('', 'host: db, tls: disable, sslNegotiation: direct'),
      'sslNegotiation says how TLS begins, and there is none',
    ],
    [
      'a certificate without TLS',
      logins('', 'socket: ./s, certificate: { certificate: a, key: b }'),
      'certificate is only shown inside TLS',
    ],
    [
      'two passwords',
      logins('', 'host: db', 'user: g, passwordFile: a, passwordCommand: { command: [b] }'),
      'passwordCommand does not go together with passwordFile',
    ],
    ['a role for each identity, of none', logins('', 'host: db', 'user: g, mode: role'), 'does not say who is which'],
    ['roles that nobody takes', logins('', 'host: db', 'user: g, roles: [{ role: a }]'), 'roles is not looked at with mode: shared'],
    ['the role that is none', logins('', 'host: db', 'user: g, mode: role, roles: [{ role: NONE }]'), 'is the name for no role at all'],
    ['passwords made by nobody', logins('', 'host: db', 'user: g, mode: minted'), 'does not say how'],
    ['a program for no mode', logins('', 'host: db', 'user: g, minted: { command: [a] }'), 'minted is only for mode: minted'],
    ['a kind for no mode', logins('', 'host: db', 'user: g, kind: service'), 'kind is only for mode: client-password'],
    [
      'two ways to say who clients are',
      logins('clients: token, ', 'host: db', 'user: g, mode: client-password'),
      'clients does not go together with credentials.mode: client-password',
    ],
    [
      'a server that could be anybody and says who clients are',
      logins('', 'host: db, tls: require', 'user: g, mode: client-password'),
      'tls lets anybody be the server',
    ],
    [
      'a role by what is asserted',
      logins('', 'host: db', 'user: g, mode: role, roles: [{ match: { asserted.groups: a }, role: b }]'),
      'match',
    ],
    ['a setting of the server', logins('propagate: { subject: search_path }, ', 'host: db'), 'write a name of your own with a dot'],
    ['a setting of ours', logins('propagate: { subject: sqlwarden.purpose }, ', 'host: db'), 'a name of your own with a dot'],
    ['one setting for two things', logins('propagate: { subject: a.b, kind: a.b }, ', 'host: db'), 'is taken by an earlier entry'],
    ['a command as one text', logins('', 'host: db', 'user: g, passwordCommand: { command: "a b" }'), 'command is a text'],
    ['an unknown version', logins('', 'host: db, protocol: 3.1'), 'protocol is'],
    ['nobody who vouches', config().replace(`issuers:\n${ISSUER}`, 'certificates: []'), 'identity vouches for nobody'],
    [
      'a subject without a name',
      config().replace('identity:', 'identity:\n  certificates: [{ kind: person }]'),
      'certificates[0] names no certificate',
    ],
    [
      'a subject with two names',
      config().replace('identity:', 'identity:\n  certificates: [{ kind: person, uri: a, commonName: b }]'),
      'certificates[0] names no certificate, or two ways',
    ],
  ])('finds %s', (_name, yaml, words) => {
    expect(problemsOf(yaml).join('\n')).toContain(words);
  });

  it('knows one cross-check, and has none unless it is said', () => {
    const upstream = (name: string): string => UPSTREAM.replace(', server:', `, crossCheck: ${name}, server:`);
    expect(load(config()).upstreams[0]?.crossCheck).toBeUndefined();
    expect(load(config({ upstream: upstream('node-sql-parser') })).upstreams[0]?.crossCheck).toBe('node-sql-parser');
    expect(problemsOf(config({ upstream: upstream('another') })).join()).toMatch(/crossCheck.*node-sql-parser/);
  });

  it('takes what is said over the defaults', () => {
    const upstream = `  - name: crm
    database: postgres
    listen: "[::]:5433"
    clientTls: { certificate: tls.crt, key: /run/tls.key }
    server: { host: db, port: 6432, database: sales, ca: ca.pem, connectTimeoutMs: 500 }
    credentials: { user: gateway, passwordFile: secret }
  - name: local
    database: postgres
    server: { socket: /run/postgresql/.s.PGSQL.5432 }
    credentials: { user: gateway, passwordEnvironment: CRM_PASSWORD }`;
    const issuer = '    - { name: dev, preset: dev, issuer: "urn:dev", audience: [a, b], keys: { directory: ./dev } }';
    const more =
      'masking: { keyFile: mask.key }\nadmin: { socket: ./admin.sock }\nlimits: { maxSessions: 5 }\ncatalogue: { maxAgeMs: 0 }\n';
    const loaded = load(config({ environment: 'staging', upstream, issuer, more }));
    expect(loaded.upstreams[0]).toMatchObject({
      listen: { kind: 'tcp', host: '::', port: 5433, isPrivate: false },
      clientTls: { certificate: join(root, 'tls.crt'), key: '/run/tls.key' },
      server: { port: 6432, database: 'sales', tls: 'verify-full', ca: join(root, 'ca.pem'), connectTimeoutMs: 500 },
      credentials: { password: { kind: 'file', path: join(root, 'secret') } },
    });
    expect(loaded.upstreams[1]).toMatchObject({
      listen: undefined,
      server: { socket: '/run/postgresql/.s.PGSQL.5432', tls: 'disable' },
      credentials: { password: { kind: 'environment', name: 'CRM_PASSWORD' } },
    });
    expect(loaded.identity.issuers[0]).toMatchObject({ audience: ['a', 'b'], keys: { kind: 'file' }, devDirectory: join(root, 'dev') });
    expect(loaded.masking.keyFile).toBe(join(root, 'mask.key'));
    expect(loaded.admin).toEqual({ socket: join(root, 'admin.sock'), operators: [] });
    expect(loaded.limits).toEqual({ ...DEFAULT_LIMITS, maxSessions: 5 });
    expect(loaded.catalogue.maxAgeMs).toBe(0);
  });

  const upstream = (text: string): string => config({ upstream: `  - { name: crm, database: postgres, ${text} }` });
  const issuer = (text: string, environment = 'production'): string =>
    config({ environment, issuer: `    - { name: x, issuer: "https://x", audience: a, ${text} }` });
  const SERVER = 'server: { host: db }, credentials: { user: u }';
  it.each<[string, string, string[]]>([
    [
      'a password in the file',
      upstream('server: { host: db }, credentials: { user: u, password: hunter2 }'),
      [
        '4:84: upstreams[0].credentials.password is not a key that is known here; write passwordFile or passwordEnvironment instead: configuration holds no secrets',
      ],
    ],
    [
      'two places of a password',
      upstream('server: { host: db }, credentials: { user: u, passwordFile: f, passwordEnvironment: E }'),
      ['4:122: upstreams[0].credentials.passwordEnvironment does not go together with passwordFile; write one of them'],
    ],
    ['no server', upstream('credentials: { user: u }'), ['4:5: upstreams[0] lacks the key "server"; write it']],
    [
      'an empty server',
      upstream('server: {}, credentials: { user: u }'),
      ['4:46: upstreams[0].server lacks the key "host"; write host or socket'],
    ],
    [
      'host and socket',
      upstream('server: { host: db, socket: /s }, credentials: { user: u }'),
      ['4:66: upstreams[0].server.socket does not go together with host; write one of them'],
    ],
    [
      'port and socket',
      upstream('server: { port: 1, socket: /s }, credentials: { user: u }'),
      ['4:54: upstreams[0].server.port does not go together with socket; leave it out'],
    ],
    [
      'TLS over a unix socket',
      upstream('server: { socket: /s, tls: require }, credentials: { user: u }'),
      ['4:65: upstreams[0].server.tls does not go together with socket; leave it out'],
    ],
    [
      'authorities that nobody looks at',
      upstream('server: { host: db, tls: require, ca: x }, credentials: { user: u }'),
      ['4:76: upstreams[0].server.ca is not looked at unless tls is verify-full; write tls: verify-full'],
    ],
    [
      'no port',
      upstream(`listen: localhost, ${SERVER}`),
      ['4:46: upstreams[0].listen is no address; write host:port such as 127.0.0.1:15432, [::1]:15432, or the path of a unix socket'],
    ],
    [
      'tokens in clear over a network',
      upstream(`listen: "0.0.0.0:5432", ${SERVER}`),
      [
        '4:46: upstreams[0].listen is reachable from other machines, and tokens would cross the network in clear; write clientTls beside it, or an address of this machine',
      ],
    ],
    [
      'another database',
      config({ upstream: UPSTREAM.replace('database: postgres', 'database: postgresql') }),
      ['4:28: upstreams[0].database is "postgresql", which is not known here; write postgres instead'],
    ],
    [
      'a misspelt TLS mode',
      upstream('server: { host: db, tls: verify-ful }, credentials: { user: u }'),
      ['4:63: upstreams[0].server.tls is "verify-ful", which is not known here; write verify-full instead'],
    ],
    [
      'a port out of range',
      upstream('server: { host: db, port: 65536 }, credentials: { user: u }'),
      ['4:64: upstreams[0].server.port is out of range; write a number from 1 up to 65535'],
    ],
    [
      'one name twice',
      config({ upstream: `${UPSTREAM}\n${UPSTREAM.replace('15432', '15433')}` }),
      ['5:13: upstreams[1].name "crm" is taken by an earlier entry; write another one'],
    ],
    [
      'one address twice',
      config({ upstream: `${UPSTREAM}\n${UPSTREAM.replace('crm', 'b')}` }),
      ['5:44: upstreams[1].listen "127.0.0.1:15432" is taken by an earlier entry; write another one'],
    ],
    ['no upstream', config({ upstream: '  []' }), ['4:3: upstreams is an empty list; write at least one upstream']],
    [
      'no keys',
      issuer('preset: spiffe'),
      ['7:7: identity.issuers[0] lacks the key "keys"; write keys: {file: …} or keys: {url: …} for preset spiffe'],
    ],
    [
      'everybody of an issuer that everybody may have tokens of',
      issuer('preset: github, requiredClaims: { repository: "acme/etl" }'),
      ['7:7: identity.issuers[0] lets in everybody who uses github; write requiredClaims: { repository_owner_id: "<yours>" }'],
    ],
    [
      'a review by a cluster that is none',
      issuer('preset: generic, tokenReview: { url: "https://k", tokenFile: t }'),
      ['7:82: identity.issuers[0].tokenReview is only for preset kubernetes; leave it out'],
    ],
    [
      'how long a file is believed',
      issuer('preset: generic, keys: { file: f, maxStaleMs: 1000 }'),
      ['7:98: identity.issuers[0].keys.maxStaleMs is only for keys from the network; leave it out'],
    ],
    [
      'keys from two places',
      issuer('preset: generic, keys: { file: f, url: "https://x" }'),
      ['7:75: identity.issuers[0].keys says several places; write one of file, url and directory'],
    ],
    [
      'keys from no URL',
      issuer('preset: generic, keys: { url: "ftp://x" }'),
      ['7:82: identity.issuers[0].keys.url is not right here; write an https URL'],
    ],
    [
      'a directory for another preset',
      issuer('preset: generic, keys: { directory: d }'),
      ['7:88: identity.issuers[0].keys.directory is only for preset dev; write file or url'],
    ],
    [
      'the development issuer in production',
      issuer('preset: dev, keys: { directory: d }', 'prod-eu'),
      [
        '7:60: identity.issuers[0].preset dev is not for production: whoever can read its key can be anybody; write a preset of a real issuer, or another environment',
      ],
    ],
    [
      'an algorithm that is none',
      issuer('preset: okta, algorithms: [HS256]'),
      ['7:79: identity.issuers[0].algorithms[0] is "HS256", which is not known here; write RS256 instead'],
    ],
    [
      'an environment with spaces',
      config({ environment: 'Production EU' }),
      ['2:14: environment is not right here; write a name such as production'],
    ],
    [
      'an unknown limit',
      config({ more: 'limits: { maxSesions: 1 }\n' }),
      ['10:11: limits.maxSesions is not a key that is known here; write maxSessions instead'],
    ],
    [
      'a limit that is none',
      config({ more: 'limits: { maxSessions: many }\n' }),
      ['10:24: limits.maxSessions is a text where a whole number is needed; write a whole number'],
    ],
    [
      'a setting of the log that breaks it',
      config({ more: '' }).replace('ledger: {', 'ledger: { origin: "a b",'),
      ['9:19: ledger.origin is not right here; write a name without spaces and "+", such as acme.example/sqlwarden'],
    ],
  ])('%s', (_, yaml, want) => {
    expect(problemsOf(yaml)).toEqual(want);
  });

  it('finds keys by discovery where none are said, and makes the paths of a review absolute', () => {
    const issuers = [
      '    - { name: a, preset: generic, issuer: "https://a", audience: x }',
      '    - { name: b, preset: github, issuer: "https://b", audience: x, keys: { maxAgeMs: 5000 }, requiredClaims: { repository_id: "74" } }',
      '    - { name: c, preset: kubernetes, issuer: "https://c", audience: x, tokenReview: { url: "https://k", tokenFile: t, caFile: ca } }',
    ];
    const loaded = load(config({ issuer: issuers.join('\n') })).identity.issuers;
    expect(loaded[0]?.keys).toBeUndefined();
    expect(loaded[1]).toMatchObject({ keys: { kind: 'discovery', maxAgeMs: 5000 }, requiredClaims: { repository_id: '74' } });
    expect(loaded[2]?.tokenReview).toEqual({ url: 'https://k', tokenFile: join(root, 't'), caFile: join(root, 'ca') });
  });

  it('allows the development issuer in production only when that is said', () => {
    expect(problemsOf(issuer('preset: dev, allowInProduction: true, keys: { directory: d }'))).toEqual([]);
    expect(problemsOf(issuer('preset: dev, keys: { directory: d }', 'development'))).toEqual([]);
  });

  it('never shows what stands where a secret might', () => {
    expect(problemsOf(upstream('server: { host: db }, credentials: { user: u, password: hunter2 }')).join()).not.toContain('hunter2');
  });

  it('says why a file cannot be read', () => {
    expect(() => loadConfig(join(root, 'missing.yaml'))).toThrow('cannot be read (ENOENT); check the path and its permissions');
  });
});

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:1', true],
    ['127.9.9.9:1', true],
    ['localhost:1', true],
    ['[::1]:1', true],
    ['/run/x.sock', true],
    ['0.0.0.0:1', false],
    ['[::]:1', false],
    ['127.0.0.1.example:1', false],
    ['db.internal:1', false],
  ])('%s is private: %s', (text, isPrivate) => {
    expect(parseListen(text, '/')?.isPrivate).toBe(isPrivate);
  });
  it.each(['x', ':1', '1', 'a:70000', '[x]:1', '::1:5', 'a:b', 'a:-1'])('%s is no address', (text) => {
    expect(parseListen(text, '/')).toBeUndefined();
  });
});

describe('the published schemas', () => {
  const schema = (name: string) => JSON.parse(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8')) as never;
  it('know the same words as the code', () => {
    expect(schema('policy')).toMatchObject({ definitions: { action: { enum: [...ACTIONS] }, class: { enum: [...STATEMENT_CLASSES] } } });
    const issuer = (schema('config') as { definitions: { issuer: { properties: Record<string, { enum?: unknown; items?: unknown }> } } })
      .definitions.issuer;
    expect(issuer.properties.preset?.enum).toEqual(expect.arrayContaining([...PRESETS]));
    expect(issuer.properties.algorithms?.items).toEqual({ enum: [...ALGORITHMS] });
  });
  it('describe every key, for editors', () => {
    const undescribed: string[] = [];
    for (const name of ['policy', 'config', 'users']) {
      const { properties, definitions } = schema(name) as Record<
        'properties' | 'definitions',
        Record<string, { description?: string; properties?: Record<string, object> }>
      >;
      const named = [
        ...Object.entries(properties),
        ...Object.values(definitions).flatMap((definition) => Object.entries(definition.properties ?? {})),
      ];
      for (const [key, value] of named) if (!('description' in value) && !('$ref' in value)) undescribed.push(`${name} ${key}`);
    }
    expect(undescribed).toEqual([]);
  });
});
