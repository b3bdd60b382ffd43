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
  /**
   * Numbers moved by up to `ratio` of themselves, the same every time for the same value (keyed), and kept within `min` and `max`. Another
   * `seed` moves them otherwise. Keeps the numeric type.
   */
  | { readonly kind: 'noise'; readonly ratio: number; readonly seed?: string; readonly min?: number; readonly max?: number }
  /** Numbers rounded to the nearest multiple of `to`, halves away from zero. Keeps the numeric type. */
  | { readonly kind: 'round'; readonly to: number }
  /** Dates and timestamps cut to `unit`. */
  | { readonly kind: 'date_trunc'; readonly unit: 'year' | 'quarter' | 'month' | 'day' | 'hour' }
  /** Every match (linear-time pattern) replaced by a constant. Text only; `redact` for other types. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly replacement: string }
  /** Members of a JSON document, each with a function of its own; where one path leads through another the outer one wins. Not for policies. */
  | {
      readonly kind: 'json';
      readonly members: readonly { readonly path: JsonPath; readonly label: string; readonly function: MaskFunction }[];
    }
  /** The statement is refused rather than masked. */
  | { readonly kind: 'block' };

/** The tokens of a JSON Pointer (RFC 6901); `null` stands for any key or position. */
export type JsonPath = readonly (string | null)[];

export type MaskKind = MaskFunction['kind'];

/** What to do with one output column. */
export interface OutputMask {
  readonly label: string;
  readonly function: MaskFunction;
  /** The protected columns that the output derives from. */
  readonly sources: readonly ColumnName[];
}

/** How a result header names the origin of a column: {@link originKey} where it has numbers, {@link originByName} where it has names. */
export type OriginKey = string;

export function originKey(relationId: number, columnNumber: number): OriginKey {
  return `${relationId}.${columnNumber}`;
}

/** For protocols that name the schema, the table and the column. Letter case is left out: it may claim too much, never too little. */
export function originByName(schema: string, relation: string, column: string): OriginKey {
  return JSON.stringify([schema.toLowerCase(), relation.toLowerCase(), column.toLowerCase()]);
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
  /** The origin where the header names it; `relationId` is 0 then. */
  readonly origin?: OriginKey;
  readonly typeId: number;
  readonly typeModifier: number;
  /** What else the header says of the type, as the adapter packs it for its own `cellType`. */
  readonly typeDetail?: number;
  readonly format: 'text' | 'binary';
  /** True when the wire form of the column cannot carry NULL (fixed-length, not nullable types of TDS). Absent: it can. */
  readonly notNull?: boolean;
}

/**
 * Masks the bytes of one cell that is not NULL. Returns the new bytes (never a view of `cell`, unless nothing is to be hidden), or `null`
 * for SQL NULL. Must not throw: what it cannot read becomes the type's default.
 */
export interface CellMask {
  (cell: Uint8Array): Uint8Array | null;
  /** The same of the bytes `start` to `end` (exclusive) of a buffer, where no view of them has to be made for it. */
  readonly over?: (buffer: Uint8Array, start: number, end: number) => Uint8Array | null;
}

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
  | 'enum'
  | 'other';

/** What a mask must know of a column's type, and how the adapter writes values of it. */
export interface CellType {
  readonly family: CellFamily;
  /** Size in bytes of the binary form, when it is fixed. */
  readonly binaryBytes?: number;
  /** A cell, in either format, is the text itself in UTF-8, or in another character set in which ASCII is ASCII; any text without NUL that is not longer than {@link maxLength} is one. */
  readonly isPlainText?: boolean;
  /** Declared maximum length in characters, when there is one. */
  readonly maxLength?: number;
  /** Digits that fit before the decimal point, when the declared precision limits them. */
  readonly integerDigits?: number;
  /** Of the family `enum`: its members in their order. */
  readonly members?: readonly string[];
  /** Of values that are made of other values: how to mask these one by one. */
  readonly structure?: CellStructure;
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

/** The cell of a part in place of another one, `null` for SQL NULL, or `undefined` when nothing can be said of it. */
export type PartMask = (part: Uint8Array) => Uint8Array | null | undefined;

/** How values stand inside of other values: elements of arrays, fields of composites, bounds of ranges. */
export interface CellStructure {
  /** `ordered`: parts are bounds, which have to keep their order. */
  readonly parts: 'independent' | 'ordered';
  /** The types of the parts: one for all, or one for each field. */
  readonly types: readonly CellType[];
  /**
   * The cell with its parts replaced, those of `types[i]` by `masks[i]`; parts are cells of the same format. What is no part (dimensions,
   * NULLs, whether bounds belong to a range) stays. `undefined` when the cell cannot be read, or a mask says nothing of a part.
   */
  rewrite(cell: Uint8Array, format: 'text' | 'binary', masks: readonly PartMask[]): Uint8Array | undefined;
}
