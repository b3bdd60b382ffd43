import type { Collation } from './collation.js';
import type { TypeInfo } from './type-info.js';

/** Types of tokens that a server sends ([MS-TDS] 2.2.7). */
export const TOKEN = {
  OFFSET: 0x78,
  RETURNSTATUS: 0x79,
  COLMETADATA: 0x81,
  ALTMETADATA: 0x88,
  DATACLASSIFICATION: 0xa3,
  TABNAME: 0xa4,
  COLINFO: 0xa5,
  ORDER: 0xa9,
  ERROR: 0xaa,
  INFO: 0xab,
  RETURNVALUE: 0xac,
  LOGINACK: 0xad,
  FEATUREEXTACK: 0xae,
  ROW: 0xd1,
  NBCROW: 0xd2,
  ALTROW: 0xd3,
  ENVCHANGE: 0xe3,
  SESSIONSTATE: 0xe4,
  SSPI: 0xed,
  FEDAUTHINFO: 0xee,
  DONE: 0xfd,
  DONEPROC: 0xfe,
  DONEINPROC: 0xff,
} as const;

/** Every token but rows, whose cells the `TokenReader` gives. Byte fields are views: copy to keep. */
export type ServerToken =
  | ColMetadata
  | AltMetadata
  | TabName
  | ColInfo
  | Order
  | ErrorOrInfo
  | ReturnStatus
  | ReturnValue
  | Done
  | EnvChange
  | LoginAck
  | FeatureExtAck
  | FedAuthInfo
  | SessionState
  | Sspi
  | Offset;

/** COLMETADATA ([MS-TDS] 2.2.7.4). */
export interface ColMetadata {
  readonly kind: 'COLMETADATA';
  /** `undefined` where the server says that there is no metadata (0xFFFF): then rows are those of the metadata before, or there are none. */
  readonly columns: readonly Column[] | undefined;
}

export interface Column {
  readonly userType: number;
  /** Bits of {@link COLUMN_FLAG}. */
  readonly flags: number;
  readonly type: TypeInfo;
  /** Of TEXT, NTEXT and IMAGE: the parts of the table's name. */
  readonly tableName?: readonly string[];
  readonly name: string;
}

/** Flags of a column ([MS-TDS] 2.2.7.4). */
export const COLUMN_FLAG = {
  NULLABLE: 0x0001,
  CASE_SENSITIVE: 0x0002,
  UPDATEABLE: 0x000c,
  IDENTITY: 0x0010,
  COMPUTED: 0x0020,
  FIXED_LENGTH_CLR_TYPE: 0x0100,
  SPARSE_COLUMN_SET: 0x0400,
  ENCRYPTED: 0x0800,
  HIDDEN: 0x2000,
  KEY: 0x4000,
  NULLABLE_UNKNOWN: 0x8000,
} as const;

/** ALTMETADATA ([MS-TDS] 2.2.7.1): what the rows of COMPUTE clauses hold. */
export interface AltMetadata {
  readonly kind: 'ALTMETADATA';
  readonly id: number;
  readonly by: readonly number[];
  readonly columns: readonly AltColumn[];
}

export interface AltColumn extends Column {
  /** The aggregate: AOPSUM and so on. */
  readonly operation: number;
  /** The number of the column, from 1, that it is of. */
  readonly operand: number;
}

/** TABNAME ([MS-TDS] 2.2.7.21): parts of the name of each table. */
export interface TabName {
  readonly kind: 'TABNAME';
  readonly tables: readonly (readonly string[])[];
}

/** COLINFO ([MS-TDS] 2.2.7.3). */
export interface ColInfo {
  readonly kind: 'COLINFO';
  readonly columns: readonly ColInfoColumn[];
}

export interface ColInfoColumn {
  /** From 1. */
  readonly column: number;
  /** In TABNAME, from 1; 0: of none. */
  readonly table: number;
  /** Bits: 0x04 expression, 0x08 key, 0x10 hidden, 0x20 the name differs from the column's. */
  readonly status: number;
  readonly name?: string;
}

/** ORDER ([MS-TDS] 2.2.7.17): columns, from 1, by which the rows are ordered. */
export interface Order {
  readonly kind: 'ORDER';
  readonly columns: readonly number[];
}

/** ERROR and INFO ([MS-TDS] 2.2.7.10, 2.2.7.13). */
export interface ErrorOrInfo {
  readonly kind: 'ERROR' | 'INFO';
  /** Signed. */
  readonly number: number;
  readonly state: number;
  readonly class: number;
  readonly message: string;
  readonly serverName: string;
  readonly procedureName: string;
  readonly line: number;
}

/** RETURNSTATUS ([MS-TDS] 2.2.7.18). */
export interface ReturnStatus {
  readonly kind: 'RETURNSTATUS';
  readonly value: number;
}

/** RETURNVALUE ([MS-TDS] 2.2.7.19) without its value, which the `TokenReader` gives as the one cell that follows. */
export interface ReturnValue {
  readonly kind: 'RETURNVALUE';
  readonly ordinal: number;
  readonly name: string;
  /** 1: an output parameter; 2: the value of a user-defined function. */
  readonly status: number;
  readonly userType: number;
  readonly flags: number;
  readonly type: TypeInfo;
}

/** DONE, DONEPROC and DONEINPROC ([MS-TDS] 2.2.7.6 to 2.2.7.8). */
export interface Done {
  readonly kind: 'DONE' | 'DONEPROC' | 'DONEINPROC';
  /** Bits of {@link DONE_STATUS}. */
  readonly status: number;
  /** Number of the statement's kind. */
  readonly currentCommand: number;
  /** Counts only with DONE_COUNT. */
  readonly rowCount: bigint;
}

export const DONE_STATUS = {
  FINAL: 0x00,
  MORE: 0x01,
  ERROR: 0x02,
  /** A transaction is open (not set by all servers). */
  IN_TRANSACTION: 0x04,
  COUNT: 0x10,
  ATTENTION: 0x20,
  /** DONEPROC and DONEINPROC: the end of an RPC in a batch of them. */
  RPC_IN_BATCH: 0x80,
  SERVER_ERROR: 0x100,
} as const;

/** ENVCHANGE ([MS-TDS] 2.2.7.9). Values as the type demands. */
export type EnvChange = { readonly kind: 'ENVCHANGE' } & EnvChangeValue;

export type EnvChangeValue =
  | { readonly type: EnvChangeTextType; readonly newText: string; readonly oldText: string }
  | {
      readonly type: typeof ENV_CHANGE.SQL_COLLATION;
      readonly newCollation: Collation | undefined;
      readonly oldCollation: Collation | undefined;
    }
  /** Descriptors of transactions and the like. */
  | { readonly type: EnvChangeBytesType; readonly newBytes: Uint8Array; readonly oldBytes: Uint8Array }
  | { readonly type: typeof ENV_CHANGE.PROMOTE_TRANSACTION; readonly newBytes: Uint8Array; readonly oldBytes: Uint8Array }
  | { readonly type: typeof ENV_CHANGE.ROUTING; readonly routing: Routing; readonly oldBytes: Uint8Array };

export interface Routing {
  /** 0: TCP. */
  readonly protocol: number;
  readonly port: number;
  readonly server: string;
}

export const ENV_CHANGE = {
  DATABASE: 1,
  LANGUAGE: 2,
  CHARACTER_SET: 3,
  PACKET_SIZE: 4,
  UNICODE_SORTING_LCID: 5,
  UNICODE_COMPARISON_FLAGS: 6,
  SQL_COLLATION: 7,
  BEGIN_TRANSACTION: 8,
  COMMIT_TRANSACTION: 9,
  ROLLBACK_TRANSACTION: 10,
  ENLIST_DTC_TRANSACTION: 11,
  DEFECT_TRANSACTION: 12,
  MIRRORING_PARTNER: 13,
  PROMOTE_TRANSACTION: 15,
  TRANSACTION_MANAGER_ADDRESS: 16,
  TRANSACTION_ENDED: 17,
  RESET_CONNECTION: 18,
  USER_INSTANCE: 19,
  ROUTING: 20,
} as const;

export type EnvChangeTextType = 1 | 2 | 3 | 4 | 5 | 6 | 13 | 19;
export type EnvChangeBytesType = 8 | 9 | 10 | 11 | 12 | 16 | 17 | 18;

/** LOGINACK ([MS-TDS] 2.2.7.14). */
export interface LoginAck {
  readonly kind: 'LOGINACK';
  /** 1: SQL_TSQL. */
  readonly interface: number;
  /** By `versionOf`. */
  readonly tdsVersion: number;
  readonly programName: string;
  readonly programVersion: { readonly major: number; readonly minor: number; readonly build: number };
}

/** FEATUREEXTACK ([MS-TDS] 2.2.7.11). */
export interface FeatureExtAck {
  readonly kind: 'FEATUREEXTACK';
  readonly features: readonly FeatureAck[];
}

export interface FeatureAck {
  /** Code of `FEATURE`. */
  readonly id: number;
  readonly data: Uint8Array;
}

/** FEDAUTHINFO ([MS-TDS] 2.2.7.12). */
export interface FedAuthInfo {
  readonly kind: 'FEDAUTHINFO';
  readonly stsUrl: string | undefined;
  readonly spn: string | undefined;
  /** Options with other ids. */
  readonly others: readonly { readonly id: number; readonly data: Uint8Array }[];
}

/** SESSIONSTATE ([MS-TDS] 2.2.7.20). */
export interface SessionState {
  readonly kind: 'SESSIONSTATE';
  readonly sequence: number;
  readonly status: number;
  readonly states: readonly { readonly id: number; readonly value: Uint8Array }[];
}

/** SSPI ([MS-TDS] 2.2.7.22). */
export interface Sspi {
  readonly kind: 'SSPI';
  readonly data: Uint8Array;
}

/** OFFSET ([MS-TDS] 2.2.7.16). */
export interface Offset {
  readonly kind: 'OFFSET';
  readonly identifier: number;
  readonly offset: number;
}
