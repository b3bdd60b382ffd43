/** A character set of the server, by its name in SQL. */
export interface CharacterSet {
  readonly name: string;
  /** Most bytes of one character. */
  readonly maxBytes: number;
}

interface Collations {
  readonly maxBytes: number;
  /** Ids of collations, or pairs of the first and last of a range. */
  readonly ids: readonly (number | readonly [number, number])[];
}

/** The collation ids that MySQL 9.7 and MariaDB 10.11 list in `information_schema`; where both have one, it is of the same character set. */
const COLLATIONS: Readonly<Record<string, Collations>> = {
  armscii8: { maxBytes: 1, ids: [32, 64, 1056, 1088] },
  ascii: { maxBytes: 1, ids: [11, 65, 1035, 1089] },
  big5: { maxBytes: 2, ids: [1, 84, 1025, 1108] },
  binary: { maxBytes: 1, ids: [63] },
  cp1250: { maxBytes: 1, ids: [26, 34, 44, 66, 99, 1050, 1090] },
  cp1251: { maxBytes: 1, ids: [14, 23, [50, 52], [1074, 1075]] },
  cp1256: { maxBytes: 1, ids: [57, 67, 1081, 1091] },
  cp1257: { maxBytes: 1, ids: [29, [58, 59], [1082, 1083]] },
  cp850: { maxBytes: 1, ids: [4, 80, 1028, 1104] },
  cp852: { maxBytes: 1, ids: [40, 81, 1064, 1105] },
  cp866: { maxBytes: 1, ids: [36, 68, 1060, 1092] },
  cp932: {
    maxBytes: 2,
    ids: [
      [95, 96],
      [1119, 1120],
    ],
  },
  dec8: { maxBytes: 1, ids: [3, 69, 1027, 1093] },
  eucjpms: {
    maxBytes: 3,
    ids: [
      [97, 98],
      [1121, 1122],
    ],
  },
  euckr: { maxBytes: 2, ids: [19, 85, 1043, 1109] },
  gb18030: { maxBytes: 4, ids: [[248, 250]] },
  gb2312: { maxBytes: 2, ids: [24, 86, 1048, 1110] },
  gbk: { maxBytes: 2, ids: [28, 87, 1052, 1111] },
  geostd8: {
    maxBytes: 1,
    ids: [
      [92, 93],
      [1116, 1117],
    ],
  },
  greek: { maxBytes: 1, ids: [25, 70, 1049, 1094] },
  hebrew: { maxBytes: 1, ids: [16, 71, 1040, 1095] },
  hp8: { maxBytes: 1, ids: [6, 72, 1030, 1096] },
  keybcs2: { maxBytes: 1, ids: [37, 73, 1061, 1097] },
  koi8r: { maxBytes: 1, ids: [7, 74, 1031, 1098] },
  koi8u: { maxBytes: 1, ids: [22, 75, 1046, 1099] },
  latin1: { maxBytes: 1, ids: [5, 8, 15, 31, [47, 49], 94, 1032, 1071] },
  latin2: { maxBytes: 1, ids: [2, 9, 21, 27, 77, 1033, 1101] },
  latin5: { maxBytes: 1, ids: [30, 78, 1054, 1102] },
  latin7: { maxBytes: 1, ids: [20, [41, 42], 79, 1065, 1103] },
  macce: { maxBytes: 1, ids: [38, 43, 1062, 1067] },
  macroman: { maxBytes: 1, ids: [39, 53, 1063, 1077] },
  sjis: { maxBytes: 2, ids: [13, 88, 1037, 1112] },
  swe7: { maxBytes: 1, ids: [10, 82, 1034, 1106] },
  tis620: { maxBytes: 1, ids: [18, 89, 1042, 1113] },
  ucs2: { maxBytes: 2, ids: [35, 90, [128, 151], 159, [640, 642], 1059, 1114, 1152, 1174, [2560, 2727], [2744, 2759]] },
  ujis: { maxBytes: 3, ids: [12, 91, 1036, 1115] },
  utf16: { maxBytes: 4, ids: [[54, 55], [101, 124], [672, 674], [1078, 1079], 1125, 1147, [2816, 2983], [3000, 3015]] },
  utf16le: { maxBytes: 4, ids: [56, 62, 1080, 1086] },
  utf32: { maxBytes: 4, ids: [[60, 61], [160, 183], [736, 738], [1084, 1085], 1184, 1206, [3072, 3239], [3256, 3271]] },
  utf8mb3: { maxBytes: 3, ids: [33, 76, 83, [192, 215], 223, [576, 578], 1057, 1107, 1216, 1238, [2048, 2215], [2232, 2247]] },
  utf8mb4: { maxBytes: 4, ids: [[45, 46], [224, 247], [255, 323], [608, 610], [1069, 1070], 1248, 1270, [2304, 2471], [2488, 2503]] },
};

const byId = new Map<number, CharacterSet>();
for (const [name, { maxBytes, ids }] of Object.entries(COLLATIONS)) {
  const characterSet = { name, maxBytes };
  for (const range of ids) {
    const [first, last] = typeof range === 'number' ? [range, range] : range;
    for (let id = first; id <= last; id++) byId.set(id, characterSet);
  }
}

/** The character set of a collation id, as handshakes and column definitions carry it; `undefined` for an id that neither server has. */
export function characterSetOf(collation: number): CharacterSet | undefined {
  return byId.get(collation);
}
