import type { ColumnName } from '../sql/names.js';

/**
 * Masks as policy names them, and the plan that a session applies to result columns. Contract between core/policy (which decides
 * a plan before execution), core/masking (which compiles it against the columns of a result) and the adapters (which apply it to bytes).
 */
export type MaskFunction =
  /** SQL NULL; falls to `default` where the result cannot carry NULL. */
  | { readonly kind: 'null' }
  /** The zero of the type: 0, '', false, 1970-01-01, the nil UUID, `{}`. */
  | { readonly kind: 'default' }
  /** A constant text in place of a text value; `default` for other types. */
  | { readonly kind: 'redact'; readonly text: string }
  /** Keeps `prefix` and `suffix` characters, `pad` for each other one; a value that is too short is masked whole. */
  | { readonly kind: 'partial'; readonly prefix: number; readonly suffix: number; readonly pad: string }
  /** `a****@****.com`: first character and top-level domain. */
  | { readonly kind: 'email' }
  /** Keeps the last four characters of values of eight and more. */
  | { readonly kind: 'last4' }
  /** HMAC-SHA-256 under the deployment's key, in hex, cut to what the type holds. */
  | { readonly kind: 'hash' }
  /** Deterministic and joinable: base32 of a HMAC under the key of `domain`; the same in every database. */
  | { readonly kind: 'token'; readonly domain: string }
  /** Numbers rounded down to a multiple of `size`. Keeps the numeric type. */
  | { readonly kind: 'bucket'; readonly size: number }
  /** Numbers moved by up to `ratio` of themselves, the same every time for the same value (keyed). Keeps the numeric type. */
  | { readonly kind: 'noise'; readonly ratio: number }
  /** Dates and timestamps cut to `unit`. */
  | { readonly kind: 'date_trunc'; readonly unit: 'year' | 'quarter' | 'month' | 'day' | 'hour' }
  /** Every match (linear-time pattern) replaced by a constant. Text only; `redact` for other types. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly replacement: string }
  /** The statement is refused rather than masked. */
  | { readonly kind: 'block' };

export type MaskKind = MaskFunction['kind'];

/** What to do with one output column. */
export interface OutputMask {
  readonly label: string;
  readonly function: MaskFunction;
  /** The protected columns that the output derives from. */
  readonly sources: readonly ColumnName[];
}

/** `relationId.columnNumber`, as a result header names the origin of a column. */
export type OriginKey = string;

export function originKey(relationId: number, columnNumber: number): OriginKey {
  return `${relationId}.${columnNumber}`;
}

/** What is to be done with the columns of one result, decided before execution. */
export interface MaskPlan {
  /** One per output column, in order; `null` passes as it is. A result with another number of columns is an error. */
  readonly outputs: readonly (OutputMask | null)[];
  /**
   * The second opinion: what to do when the server says that a column comes from one of these, whatever the analysis thought.
   * Shared by all plans of one principal's rights, policy and catalogue.
   */
  readonly byOrigin: ReadonlyMap<OriginKey, OutputMask>;
}

/** A column as the server's result header describes it. */
export interface ResultColumn {
  readonly name: string;
  /** 0 when the column is not a plain column of a relation. */
  readonly relationId: number;
  readonly columnNumber: number;
  readonly typeId: number;
  readonly typeModifier: number;
  readonly format: 'text' | 'binary';
  /** True when the wire form of the column cannot carry NULL (fixed-length, not nullable types of TDS). Absent: it can. */
  readonly notNull?: boolean;
}

/**
 * Masks the bytes of one cell that is not NULL. Returns the new bytes (never a view of `cell`, unless nothing is to be hidden), or `null`
 * for SQL NULL. Must not throw: what it cannot read becomes the type's default.
 */
export type CellMask = (cell: Uint8Array) => Uint8Array | null;

/** The families of types that masks know; adapters map their types to these. */
export type CellFamily =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'float'
  | 'numeric'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'interval'
  | 'uuid'
  | 'json'
  | 'bytes'
  | 'other';

/** What a mask must know of a column's type, and how the adapter writes values of it. */
export interface CellType {
  readonly family: CellFamily;
  /** Size in bytes of the binary form, when it is fixed. */
  readonly binaryBytes?: number;
  /** Declared maximum length in characters, when there is one. */
  readonly maxLength?: number;
  /** Digits that fit before the decimal point, when the declared precision limits them. */
  readonly integerDigits?: number;
  /** The bytes of the type's zero in the given format; `null` when only SQL NULL can stand for it. */
  zero(format: 'text' | 'binary'): Uint8Array | null;
  /**
   * The canonical text of a cell, or `undefined` when it cannot be read. The same for equal values whatever the format and the database:
   * `2024-05-06 07:08:09.5` for timestamps, plain decimals without an exponent for `integer` and `numeric`, lower-case hex for `bytes` and
   * (with hyphens) `uuid`, no padding blanks for fixed-length text.
   */
  toText(cell: Uint8Array, format: 'text' | 'binary'): string | undefined;
  /** A cell from a text that is valid for the type, or `undefined` when it is not. */
  fromText(text: string, format: 'text' | 'binary'): Uint8Array | undefined;
}
