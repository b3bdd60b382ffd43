import type { DialectName } from '@sqlwarden/core';

/** What `sqlwarden init` writes. It is checked by a test as a user's files would be. */

const UPSTREAMS = {
  postgres: `    listen: 127.0.0.1:15432
    server: { host: 127.0.0.1, port: 5432, database: postgres, tls: disable } # elsewhere: tls: verify-full, and ca: ./server-ca.pem
    credentials: { user: postgres, passwordEnvironment: DB_PASSWORD } # or passwordFile: ./secrets/db`,
  mysql: `    listen: 127.0.0.1:13306
    server: { host: 127.0.0.1, port: 3306, database: app, tls: disable } # elsewhere: tls: verify-full, and ca: ./server-ca.pem
    credentials: { user: gateway, passwordEnvironment: DB_PASSWORD } # or passwordFile: ./secrets/db`,
  sqlserver: `    listen: 127.0.0.1:11433
    server: { host: 127.0.0.1, port: 1433, database: app, tls: require } # elsewhere: tls: verify-full, and ca: ./server-ca.pem
    credentials: { user: gateway, passwordEnvironment: DB_PASSWORD } # or passwordFile: ./secrets/db`,
} as const satisfies Record<DialectName, string>;

export function isStarterDatabase(name: string): name is DialectName {
  return Object.hasOwn(UPSTREAMS, name);
}

export const starterConfig = (
  database: DialectName,
): string => `# What the gateway is and where it stands. Paths are relative to this file. "sqlwarden check" explains what is wrong in it.
version: 1
environment: development

upstreams:
  - name: main
    database: ${database}
${UPSTREAMS[database]}

identity:
  issuers:
    # For work on one's own machine; "sqlwarden token" issues. In production use your identity provider: preset okta, entra, kubernetes, generic.
    - { name: dev, preset: dev, issuer: "urn:sqlwarden:dev", audience: sqlwarden, keys: { directory: ./secrets/dev } }

policy: [./policy/*.yaml]
ledger: { directory: ./ledger }
masking: { keyFile: ./secrets/mask.key }
admin: { socket: ./run/sqlwarden.sock }
`;

export const STARTER_POLICY = `# Who may do what. Strength decides, not order: deny over approve over allow over the default.
version: 1
default: deny

# Labels for columns: upstream.schema.relation.column, with * for any characters of a part.
classify:
  - { label: pii.email, columns: ["main.*.*.*email*"] }

# What happens to the values of labelled columns on their way out.
mask:
  - { label: pii.email, with: email, except: { groups: [privacy-office] } }

rules:
  - { id: app-reads-and-writes, match: { subject: { groups: [app] }, class: [read, write] }, then: allow }
  - { id: dba-changes-schemas, match: { subject: { groups: [dba] }, class: [read, write, schema] }, then: allow }
  - { id: no-drop-in-production, match: { environment: production, action: [drop, truncate] }, then: deny, message: "drop through a migration" }
  - { id: no-unfiltered-write, match: { action: [update, delete], filter: [absent, always-true] }, then: deny, message: "say which rows: add a WHERE" }
  - { id: agent-schema-change, match: { class: schema, actor: { kind: agent } }, then: { approve: { groups: [dba], within: 15m } } }

# Run by "sqlwarden test".
tests:
  - { as: { groups: [app] }, sql: "select 1", want: { allowed: true } }
  - { as: { groups: [guests] }, sql: "select 1", want: { refused: default } }
`;

export const STARTER_IGNORE = `# Keys and passwords do not belong into a repository.
*
`;
