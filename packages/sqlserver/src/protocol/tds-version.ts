import { ProtocolError } from './protocol-error.js';

/** Versions of the protocol that are spoken here. */
export type TdsVersion = '7.1' | '7.2' | '7.3A' | '7.3B' | '7.4' | '8.0';

/** What of the layout of messages and tokens depends on the version. */
export interface VersionLayout {
  readonly version: TdsVersion;
  /** Requests begin with ALL_HEADERS. */
  readonly allHeaders: boolean;
  /** `UserType` is a ULONG, the line number of ERROR and INFO is a LONG, table names have parts, and types may be partially length-prefixed. */
  readonly isYukon: boolean;
  /** `DoneRowCount` is a ULONGLONG. */
  readonly longRowCount: boolean;
  /** DATE, TIME, DATETIME2, DATETIMEOFFSET and table-valued parameters exist. */
  readonly dateTypes: boolean;
  /** The server may send NBCROW. */
  readonly nbcRow: boolean;
  /** LOGIN7 may carry FeatureExt; SESSIONSTATE, FEATUREEXTACK and FEDAUTHINFO exist. */
  readonly features: boolean;
}

/** The number of a version in LOGIN7 (little-endian there) and in LOGINACK (big-endian there), [MS-TDS] 2.2.6.4 and 2.2.7.14. */
const NUMBERS: Readonly<Record<TdsVersion, number>> = {
  '7.1': 0x7100_0001,
  '7.2': 0x7209_0002,
  '7.3A': 0x730a_0003,
  '7.3B': 0x730b_0003,
  '7.4': 0x7400_0004,
  '8.0': 0x0800_0000,
};

const ORDER: readonly TdsVersion[] = ['7.1', '7.2', '7.3A', '7.3B', '7.4', '8.0'];

function layoutOf(version: TdsVersion): VersionLayout {
  const rank = ORDER.indexOf(version);
  const isYukon = rank >= 1;
  return {
    version,
    allHeaders: isYukon,
    isYukon,
    longRowCount: isYukon,
    dateTypes: rank >= 2,
    nbcRow: rank >= 3,
    features: rank >= 4,
  };
}

const LAYOUTS: Readonly<Record<TdsVersion, VersionLayout>> = {
  '7.1': layoutOf('7.1'),
  '7.2': layoutOf('7.2'),
  '7.3A': layoutOf('7.3A'),
  '7.3B': layoutOf('7.3B'),
  '7.4': layoutOf('7.4'),
  '8.0': layoutOf('8.0'),
};

export function versionLayout(version: TdsVersion): VersionLayout {
  return LAYOUTS[version];
}

/** The number that stands for a version in LOGIN7 and LOGINACK. */
export function versionNumber(version: TdsVersion): number {
  return NUMBERS[version];
}

/** The version that a number of LOGIN7 or LOGINACK stands for. Throws `unsupported` for those before 7.1 and those not known. */
export function versionOf(number: number): TdsVersion {
  for (const version of ORDER) if (NUMBERS[version] === number) return version;
  if (number === 0x7100_0000 || number === 0x0701_0000) return '7.1';
  throw new ProtocolError('unsupported', 'the TDS version is not supported; use 7.1 to 7.4 or 8.0');
}

/** Whether `version` is older than `other`. */
export function isOlder(version: TdsVersion, other: TdsVersion): boolean {
  return ORDER.indexOf(version) < ORDER.indexOf(other);
}
