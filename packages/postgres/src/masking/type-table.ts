import { dateCodec, timestampCodec } from './date-codecs.js';
import { floatCodec, integerCodec } from './number-codecs.js';
import { byteaCodec, jsonbCodec, jsonCodec, nameCodec, textCodec, uuidCodec, versioned } from './text-codecs.js';
import { constantCodec, hexBytes, type TypeCodec } from './type-codec.js';

/**
 * The built-in types by OID (`src/include/catalog/pg_type.dat` of PostgreSQL; OIDs below 10000 never change). Types that depend on their
 * modifier (`varchar(n)`, `numeric(p,s)`, `bit(n)`) are made in cell-types.ts.
 */

const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);
const fixed = (zeroText: string, bytes: number): TypeCodec => constantCodec('other', zeroText, zeros(bytes), bytes);
const plainText = textCodec();
/** An object named by its OID: `-` is the OID 0. */
const objectName = fixed('-', 4);
/** An operator by its OID: `-` would be an operator's name. */
const operatorName = fixed('0', 4);
export const emptyRange = constantCodec('other', 'empty', hexBytes('01'));
export const emptyMultirange = constantCodec('other', '{}', zeros(4));
/** A `pg_snapshot` that sees everything before transaction 1: no transactions in progress, xmin 1, xmax 1. */
const snapshot = constantCodec('other', '1:1:', hexBytes('0000000000000000000000010000000000000001'));
/** An array of one zero, counted from 0 (`array_send`). */
function zeroVector(element: number, bytes: number): TypeCodec {
  const hex = [1, 0, element, 1, 0, bytes].map((word) => word.toString(16).padStart(8, '0')).join('') + '00'.repeat(bytes);
  return constantCodec('other', '0', hexBytes(hex));
}

/** What has no value that the server would take back: only NULL can stand for it. */
export const unknownCodec = constantCodec('other', null, null);

export const CODECS: ReadonlyMap<number, TypeCodec> = new Map<number, TypeCodec>([
  [16, constantCodec('boolean', 'f', zeros(1), 1)], // bool
  [17, byteaCodec],
  [18, fixed('', 1)], // "char"
  [19, nameCodec],
  [20, integerCodec(8, true)], // int8
  [21, integerCodec(2, true)], // int2
  [22, zeroVector(21, 2)], // int2vector: its recv function takes no empty array
  [23, integerCodec(4, true)], // int4
  [24, objectName], // regproc
  [25, plainText], // text
  [26, integerCodec(4, false)], // oid
  [27, fixed('(0,0)', 6)], // tid
  [28, integerCodec(4, false)], // xid
  [29, integerCodec(4, false)], // cid
  [30, zeroVector(26, 4)], // oidvector
  [114, jsonCodec],
  [142, constantCodec('other', '<masked/>', new TextEncoder().encode('<masked/>'))], // xml: valid as a document and as content
  [600, fixed('(0,0)', 16)], // point
  [601, fixed('[(0,0),(0,0)]', 32)], // lseg
  [602, constantCodec('other', '((0,0))', hexBytes(`0100000001${'00'.repeat(16)}`))], // path: closed, one point
  [603, fixed('(0,0),(0,0)', 32)], // box
  [604, constantCodec('other', '((0,0))', hexBytes(`00000001${'00'.repeat(16)}`))], // polygon: one point
  [628, constantCodec('other', '{1,0,0}', hexBytes(`3ff0000000000000${'00'.repeat(16)}`), 24)], // line: A and B may not both be 0
  [650, constantCodec('other', '0.0.0.0/32', hexBytes('0220010400000000'))], // cidr
  [700, floatCodec(4)],
  [701, floatCodec(8)],
  [705, plainText], // unknown
  [718, fixed('<(0,0),0>', 24)], // circle
  [774, fixed('00:00:00:00:00:00:00:00', 8)], // macaddr8
  [790, fixed('0', 8)], // money: what it looks like depends on lc_monetary, `0` is read in all
  [829, fixed('00:00:00:00:00:00', 6)], // macaddr
  [869, constantCodec('other', '0.0.0.0', hexBytes('0220000400000000'))], // inet
  [1082, dateCodec],
  [1083, constantCodec('time', '00:00:00', zeros(8), 8)], // time
  [1114, timestampCodec(false)],
  [1184, timestampCodec(true)],
  [1186, constantCodec('interval', '00:00:00', zeros(16), 16)], // interval
  [1266, constantCodec('time', '00:00:00+00', zeros(12), 12)], // timetz
  [1562, constantCodec('other', '', zeros(4))], // varbit
  [1790, plainText], // refcursor
  [2202, objectName], // regprocedure
  [2203, operatorName], // regoper
  [2204, operatorName], // regoperator
  [2205, objectName], // regclass
  [2206, objectName], // regtype
  [2275, plainText], // cstring
  [2277, constantCodec('other', '{}', null)], // anyarray, as in pg_stats
  [2278, constantCodec('other', '', zeros(0))], // void
  [2950, uuidCodec],
  [2970, snapshot], // txid_snapshot
  [3220, fixed('0/0', 8)], // pg_lsn
  [3614, constantCodec('other', '', zeros(4))], // tsvector
  [3615, constantCodec('other', `'masked'`, hexBytes('000000010100006d61736b656400'))], // tsquery of one word: its recv function takes no empty one
  [3734, objectName], // regconfig
  [3769, objectName], // regdictionary
  [3802, jsonbCodec],
  [3904, emptyRange], // int4range
  [3906, emptyRange], // numrange
  [3908, emptyRange], // tsrange
  [3910, emptyRange], // tstzrange
  [3912, emptyRange], // daterange
  [3926, emptyRange], // int8range
  [4072, constantCodec('other', '$', versioned('$'))], // jsonpath
  [4089, objectName], // regnamespace
  [4096, objectName], // regrole
  [4191, objectName], // regcollation
  [4451, emptyMultirange], // int4multirange
  [4532, emptyMultirange], // nummultirange
  [4533, emptyMultirange], // tsmultirange
  [4534, emptyMultirange], // tstzmultirange
  [4535, emptyMultirange], // datemultirange
  [4536, emptyMultirange], // int8multirange
  [5038, snapshot], // pg_snapshot
  [5069, integerCodec(8, false)], // xid8
]);

/** Range types and the types of their bounds; `pg_range.dat`. */
export const RANGE_SUBTYPES: ReadonlyMap<number, number> = new Map([
  [3904, 23],
  [3906, 1700],
  [3908, 1114],
  [3910, 1184],
  [3912, 1082],
  [3926, 20],
]);

/** Multirange types and their range types. */
export const MULTIRANGES: ReadonlyMap<number, number> = new Map([
  [4451, 3904],
  [4532, 3906],
  [4533, 3908],
  [4534, 3910],
  [4535, 3912],
  [4536, 3926],
]);

/** Array types and the types of their elements. */
export const ARRAY_ELEMENTS: ReadonlyMap<number, number> = new Map([
  [143, 142],
  [199, 114],
  [271, 5069],
  [629, 628],
  [651, 650],
  [719, 718],
  [775, 774],
  [791, 790],
  [1000, 16],
  [1001, 17],
  [1002, 18],
  [1003, 19],
  [1005, 21],
  [1006, 22],
  [1007, 23],
  [1008, 24],
  [1009, 25],
  [1010, 27],
  [1011, 28],
  [1012, 29],
  [1013, 30],
  [1014, 1042],
  [1015, 1043],
  [1016, 20],
  [1017, 600],
  [1018, 601],
  [1019, 602],
  [1020, 603],
  [1021, 700],
  [1022, 701],
  [1027, 604],
  [1028, 26],
  [1034, 1033],
  [1040, 829],
  [1041, 869],
  [1115, 1114],
  [1182, 1082],
  [1183, 1083],
  [1185, 1184],
  [1187, 1186],
  [1231, 1700],
  [1263, 2275],
  [1270, 1266],
  [1561, 1560],
  [1563, 1562],
  [2201, 1790],
  [2207, 2202],
  [2208, 2203],
  [2209, 2204],
  [2210, 2205],
  [2211, 2206],
  [2287, 2249],
  [2949, 2970],
  [2951, 2950],
  [3221, 3220],
  [3643, 3614],
  [3644, 3642],
  [3645, 3615],
  [3735, 3734],
  [3770, 3769],
  [3807, 3802],
  [3905, 3904],
  [3907, 3906],
  [3909, 3908],
  [3911, 3910],
  [3913, 3912],
  [3927, 3926],
  [4073, 4072],
  [4090, 4089],
  [4097, 4096],
  [4192, 4191],
  [5039, 5038],
  [6150, 4451],
  [6151, 4532],
  [6152, 4533],
  [6153, 4534],
  [6155, 4535],
  [6157, 4536],
]);
