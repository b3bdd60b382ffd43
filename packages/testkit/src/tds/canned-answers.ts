import type { TdsVersion } from './tds-version.js';

/** A cell. Dates and times are text as `2026-01-31 10:20:30.1234567 +02:00`, of which a type takes what it holds; a `sql_variant` says its type. */
export type CannedValue =
  | null
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | { readonly type: string; readonly value: Exclude<CannedValue, { readonly type: string }> };

export interface CannedSqlServerColumn {
  readonly name: string;
  /**
   * As T-SQL declares it: `int not null`, `nvarchar(50)`, `decimal(12,2)`, `varbinary(max)`, `datetimeoffset(7)`, `sql_variant`, `geography`,
   * `udt(db.dbo.point)`. `not null` is sent as the type of fixed length where there is one. `varchar(20) utf8` has a UTF-8 collation.
   */
  readonly type: string;
  /** Bits added to the flags of COLMETADATA, [MS-TDS] section 2.2.7.4; say 0x2000 for a hidden column. */
  readonly flags?: number;
  /** The table's name in parts: of TEXT, NTEXT and IMAGE columns in COLMETADATA, of others in TABNAME and COLINFO. */
  readonly table?: readonly string[];
  /** The name in its table, where that is another one; for COLINFO. */
  readonly baseName?: string;
}

export interface CannedTable {
  readonly columns: readonly CannedSqlServerColumn[];
  /** Read once for each reply, row by row as they are sent: a generator may make many. */
  readonly rows: Iterable<readonly CannedValue[]>;
}

/** A part of a reply: the tokens of [MS-TDS] section 2.2.7 that it stands for. */
export type CannedItem =
  /** COLMETADATA, rows, DONE (DONEINPROC in a call). */
  | ({ readonly kind: 'rows' } & CannedTable & RowOptions)
  /** DONE with a row count of its own, as of an INSERT; without the count as under NOCOUNT. */
  | { readonly kind: 'count'; readonly count: number; readonly noCount?: boolean }
  | ({ readonly kind: 'error' } & CannedMessage)
  | ({ readonly kind: 'info' } & CannedMessage)
  /** The return status of a call; 0 unless it is given. */
  | { readonly kind: 'return status'; readonly value: number }
  /** An output parameter, in the order in which they are declared. Without any, those of the request come back as they were sent. */
  | { readonly kind: 'output'; readonly name: string; readonly type: string; readonly value: CannedValue }
  | { readonly kind: 'database'; readonly name: string }
  /** What a statement among others does to the transaction. */
  | { readonly kind: 'transaction'; readonly action: 'begin' | 'commit' | 'rollback' }
  /** Whole tokens, sent as they are: for replies that no server should send. */
  | { readonly kind: 'raw'; readonly tokens: Uint8Array }
  /** Sends what there is so far, then nothing more until this settles or an attention comes; without one until an attention comes. */
  | { readonly kind: 'wait'; readonly until?: Promise<unknown> }
  /** Ends the connection in the middle of the reply. */
  | { readonly kind: 'close' };

export interface RowOptions {
  /** Rows as NBCROW: `auto` those with a NULL, as SQL Server does. Never below TDS 7.3B. Default `auto`. */
  readonly nullBitmap?: 'auto' | 'always' | 'never';
  /** Values of (MAX) types and xml: chunk length, and whether the total length is told. Default 8 000, told. */
  readonly plpChunkBytes?: number;
  readonly plpUnknownLength?: boolean;
  /** An ORDER token with these column numbers, from 1. */
  readonly order?: readonly number[];
  /** TABNAME and COLINFO after COLMETADATA, as for FOR BROWSE. */
  readonly browse?: boolean;
  /** Under NOCOUNT: the count is in DONE, its bit is not. */
  readonly noCount?: boolean;
}

export interface CannedMessage {
  readonly number: number;
  readonly message: string;
  /** Defaults: 1; 16 for an error, 0 for an info; line 1. */
  readonly state?: number;
  readonly class?: number;
  readonly procedure?: string;
  readonly line?: number;
}

/** What a statement or a call is answered with. The first that matches counts. */
export interface CannedAnswer {
  /** Of text: the whole text without outer white space, in any case. */
  readonly when: string | RegExp | ((request: CannedRequest) => boolean);
  readonly give: readonly CannedItem[] | ((request: CannedRequest) => readonly CannedItem[] | Promise<readonly CannedItem[]>);
}

/** A parameter of an RPC, decoded. */
export interface CannedParameter {
  readonly name: string;
  /** As T-SQL declares it. */
  readonly type: string;
  /**
   * Numbers to four bytes and floats as number, `bigint` as bigint, decimals, money, dates and times as text, binaries as Buffer, table-valued
   * parameters as {@link CannedTableValue}.
   */
  readonly value: DecodedValue;
  readonly output: boolean;
  readonly isDefault: boolean;
  /** How a text or binary came: PLP and the types with four bytes of length are other ways to say the same. */
  readonly form: 'fixed' | 'byte length' | 'ushort length' | 'long length' | 'PLP' | 'table';
}

export type DecodedValue = null | string | number | bigint | boolean | Buffer | CannedTableValue;

export interface CannedTableValue {
  readonly typeName: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly DecodedValue[])[];
}

interface RequestPlace {
  /** From 1, as connections came. */
  readonly connection: number;
  /** The login's name, and its database as the request came. */
  readonly login: string;
  readonly database: string;
  /** The status bits of the message: RESETCONNECTION and RESETCONNECTIONSKIPTRAN. */
  readonly reset: 'no' | 'connection' | 'connection but transaction';
  /** Of ALL_HEADERS: the transaction descriptor; 0 without one, and in TDS 7.1. */
  readonly transaction: bigint;
  readonly packets: number;
}

/** A request as it reached the server, decoded. */
export type CannedRequest = RequestPlace &
  (
    | { readonly kind: 'batch'; readonly text: string }
    | {
        readonly kind: 'rpc';
        /** By its name, in lower case where the request gave its number. */
        readonly procedure: string;
        readonly procedureId?: number;
        readonly parameters: readonly CannedParameter[];
        readonly options: number;
        /** What is executed: the statement of sp_executesql, sp_prepare, sp_execute and of cursor calls; the procedure's name of others. */
        readonly text: string;
      }
    | {
        readonly kind: 'transaction manager';
        readonly type: number;
        readonly action: 'begin' | 'commit' | 'rollback' | 'save' | 'other';
        readonly name: string;
        readonly isolation: number;
        readonly text: string;
      }
    | {
        readonly kind: 'bulk load';
        /** The `insert bulk` batch before it. */
        readonly text: string;
        readonly columns: readonly { readonly name: string; readonly type: string }[];
        readonly rows: readonly (readonly DecodedValue[])[];
      }
    | { readonly kind: 'attention'; readonly text: '' }
  );

/** A login as it reached the server. The password is that of a test's own account. */
export interface CannedLogin {
  readonly connection: number;
  readonly tdsVersion: TdsVersion;
  readonly packetSize: number;
  readonly clientProgramVersion: number;
  readonly clientProcessId: number;
  readonly optionFlags1: number;
  readonly optionFlags2: number;
  readonly typeFlags: number;
  readonly optionFlags3: number;
  readonly clientLcid: number;
  readonly hostName: string;
  readonly userName: string;
  readonly password: string;
  readonly applicationName: string;
  readonly serverName: string;
  readonly libraryName: string;
  readonly language: string;
  readonly database: string;
  readonly attachedFile: string;
  readonly newPassword: string;
  readonly sspi: Buffer;
  /** FeatureExt, in order. */
  readonly features: readonly { readonly id: number; readonly data: Buffer }[];
  /** The token of FEDAUTH, from LOGIN7 or from the message after FEDAUTHINFO. */
  readonly token?: string;
  /** How LOGIN7 came. `login`: only LOGIN7 is encrypted. */
  readonly encryption: 'none' | 'login' | 'full' | 'strict';
  /** What PRELOGIN asked for. */
  readonly prelogin: CannedPrelogin;
  readonly accepted: boolean;
}

export interface CannedPrelogin {
  /** Option numbers in their order, as [MS-TDS] section 2.2.6.5 lists them. */
  readonly options: readonly number[];
  readonly encryption: number;
  readonly mars: number;
  readonly instance: string;
  readonly fedAuthRequired: boolean;
  readonly nonce: Buffer;
}
