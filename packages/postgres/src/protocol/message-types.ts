import { ProtocolError } from './protocol-error.js';

/** First bytes of messages, by the names of "Message Formats" in the PostgreSQL documentation. */
export const FRONTEND = {
  Bind: 0x42, // B
  Close: 0x43, // C
  CopyData: 0x64, // d
  CopyDone: 0x63, // c
  CopyFail: 0x66, // f
  Describe: 0x44, // D
  Execute: 0x45, // E
  Flush: 0x48, // H
  FunctionCall: 0x46, // F
  Parse: 0x50, // P
  /** Also SASLInitialResponse, SASLResponse and GSSResponse: which one follows from what was asked. */
  Password: 0x70, // p
  Query: 0x51, // Q
  Sync: 0x53, // S
  Terminate: 0x58, // X
} as const;

export const BACKEND = {
  Authentication: 0x52, // R
  BackendKeyData: 0x4b, // K
  BindComplete: 0x32, // 2
  CloseComplete: 0x33, // 3
  CommandComplete: 0x43, // C
  CopyBothResponse: 0x57, // W
  CopyData: 0x64, // d
  CopyDone: 0x63, // c
  CopyInResponse: 0x47, // G
  CopyOutResponse: 0x48, // H
  DataRow: 0x44, // D
  EmptyQueryResponse: 0x49, // I
  ErrorResponse: 0x45, // E
  FunctionCallResponse: 0x56, // V
  NegotiateProtocolVersion: 0x76, // v
  NoData: 0x6e, // n
  NoticeResponse: 0x4e, // N
  NotificationResponse: 0x41, // A
  ParameterDescription: 0x74, // t
  ParameterStatus: 0x53, // S
  ParseComplete: 0x31, // 1
  PortalSuspended: 0x73, // s
  ReadyForQuery: 0x5a, // Z
  RowDescription: 0x54, // T
} as const;

export type FrontendName = keyof typeof FRONTEND;
export type BackendName = keyof typeof BACKEND;

/** The longest a message of each type can be, its length field included; `'cap'`: whatever the session allows. */
type Limit = number | 'cap';
const EMPTY = 4;
// A name is cut to 63 bytes by the server, but a longer one may be sent; a short cap keeps control messages from filling memory.
const NAMES = 0x1_0000;

const FRONTEND_LIMITS = {
  Bind: 'cap',
  Close: NAMES,
  CopyData: 'cap',
  CopyDone: EMPTY,
  CopyFail: NAMES,
  Describe: NAMES,
  Execute: NAMES,
  Flush: EMPTY,
  FunctionCall: 'cap',
  Parse: 'cap',
  Password: NAMES,
  Query: 'cap',
  Sync: EMPTY,
  Terminate: EMPTY,
} as const satisfies Record<FrontendName, Limit>;

const BACKEND_LIMITS = {
  Authentication: NAMES,
  BackendKeyData: 4 + 4 + 256,
  BindComplete: EMPTY,
  CloseComplete: EMPTY,
  CommandComplete: NAMES,
  CopyBothResponse: NAMES * 2,
  CopyData: 'cap',
  CopyDone: EMPTY,
  CopyInResponse: NAMES * 2,
  CopyOutResponse: NAMES * 2,
  DataRow: 'cap',
  EmptyQueryResponse: EMPTY,
  ErrorResponse: 'cap',
  FunctionCallResponse: 'cap',
  NegotiateProtocolVersion: NAMES,
  NoData: EMPTY,
  NoticeResponse: 'cap',
  NotificationResponse: NAMES,
  ParameterDescription: 'cap',
  ParameterStatus: 'cap',
  ParseComplete: EMPTY,
  PortalSuspended: EMPTY,
  ReadyForQuery: 5,
  RowDescription: 'cap',
} as const satisfies Record<BackendName, Limit>;

/** Per first byte: the longest message in bytes (its length field included), 0 for a type that the direction does not have. */
export type LimitTable = Readonly<Uint32Array>;

const NO_CAP = 0xffff_ffff;

function limitTable(types: Readonly<Record<string, number>>, limits: Readonly<Record<string, Limit>>): LimitTable {
  const table = new Uint32Array(256);
  for (const [name, type] of Object.entries(types)) {
    const limit = limits[name];
    if (limit === undefined) throw new ProtocolError('invalid-value', `message ${name} has no limit`);
    table[type] = limit === 'cap' ? NO_CAP : limit;
  }
  return table;
}

export const FRONTEND_LIMIT_TABLE = limitTable(FRONTEND, FRONTEND_LIMITS);
export const BACKEND_LIMIT_TABLE = limitTable(BACKEND, BACKEND_LIMITS);

const frontendNames = new Map<number, FrontendName>(Object.entries(FRONTEND).map(([name, type]) => [type, name as FrontendName]));
const backendNames = new Map<number, BackendName>(Object.entries(BACKEND).map(([name, type]) => [type, name as BackendName]));

/** The name of a message type for people; types that the protocol does not have are shown as their byte. */
export function frontendName(type: number): FrontendName | `type 0x${string}` {
  return frontendNames.get(type) ?? `type 0x${type.toString(16).padStart(2, '0')}`;
}

export function backendName(type: number): BackendName | `type 0x${string}` {
  return backendNames.get(type) ?? `type 0x${type.toString(16).padStart(2, '0')}`;
}
