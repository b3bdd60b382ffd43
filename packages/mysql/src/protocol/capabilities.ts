/** The bits by which client and server agree on the protocol ("Capabilities Flags"). An unsigned number of 32 bits. */
export type Capabilities = number;

export const CAPABILITIES = {
  /** Also CLIENT_MYSQL: a MariaDB server that has extended capabilities does not set it, nor does a client that has read them. */
  CLIENT_LONG_PASSWORD: 0x0000_0001,
  CLIENT_FOUND_ROWS: 0x0000_0002,
  CLIENT_LONG_FLAG: 0x0000_0004,
  CLIENT_CONNECT_WITH_DB: 0x0000_0008,
  CLIENT_NO_SCHEMA: 0x0000_0010,
  CLIENT_COMPRESS: 0x0000_0020,
  CLIENT_ODBC: 0x0000_0040,
  CLIENT_LOCAL_FILES: 0x0000_0080,
  CLIENT_IGNORE_SPACE: 0x0000_0100,
  CLIENT_PROTOCOL_41: 0x0000_0200,
  CLIENT_INTERACTIVE: 0x0000_0400,
  CLIENT_SSL: 0x0000_0800,
  CLIENT_IGNORE_SIGPIPE: 0x0000_1000,
  CLIENT_TRANSACTIONS: 0x0000_2000,
  CLIENT_RESERVED: 0x0000_4000,
  /** CLIENT_RESERVED2 in MySQL's headers of today. */
  CLIENT_SECURE_CONNECTION: 0x0000_8000,
  CLIENT_MULTI_STATEMENTS: 0x0001_0000,
  CLIENT_MULTI_RESULTS: 0x0002_0000,
  CLIENT_PS_MULTI_RESULTS: 0x0004_0000,
  CLIENT_PLUGIN_AUTH: 0x0008_0000,
  CLIENT_CONNECT_ATTRS: 0x0010_0000,
  CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA: 0x0020_0000,
  CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS: 0x0040_0000,
  CLIENT_SESSION_TRACK: 0x0080_0000,
  CLIENT_DEPRECATE_EOF: 0x0100_0000,
  CLIENT_OPTIONAL_RESULTSET_METADATA: 0x0200_0000,
  CLIENT_ZSTD_COMPRESSION_ALGORITHM: 0x0400_0000,
  CLIENT_QUERY_ATTRIBUTES: 0x0800_0000,
  MULTI_FACTOR_AUTHENTICATION: 0x1000_0000,
  CLIENT_CAPABILITY_EXTENSION: 0x2000_0000,
  CLIENT_SSL_VERIFY_SERVER_CERT: 0x4000_0000,
  CLIENT_REMEMBER_OPTIONS: 0x8000_0000,
} as const satisfies Record<string, Capabilities>;

export type CapabilityName = keyof typeof CAPABILITIES;

/** True when all bits of `flags` are set. */
export function hasCapability(capabilities: Capabilities, flags: Capabilities): boolean {
  return ((capabilities & flags) ^ flags) === 0;
}

/** `capabilities` without those of `flags`. */
export function withoutCapability(capabilities: Capabilities, flags: Capabilities): Capabilities {
  return (capabilities & ~flags) >>> 0;
}

/** The names of the bits that are set, lowest first. */
export function capabilityNames(capabilities: Capabilities): readonly CapabilityName[] {
  const names = Object.keys(CAPABILITIES) as CapabilityName[];
  return names.filter((name) => (capabilities & CAPABILITIES[name]) !== 0);
}
