/** The versions of [MS-TDS] whose bytes differ, oldest first. */
const VERSIONS = ['7.1', '7.2', '7.3A', '7.3B', '7.4', '8.0'] as const;

export type TdsVersion = (typeof VERSIONS)[number];

/** Whether `version` is `other` or later. */
export function isAtLeast(version: TdsVersion, other: TdsVersion): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(other);
}

/** The older one. */
export function olderOf(one: TdsVersion, other: TdsVersion): TdsVersion {
  return isAtLeast(one, other) ? other : one;
}

/** By the number of LOGIN7, [MS-TDS] section 2.2.6.4; `undefined` for one before 7.1. LOGINACK has the same number, its bytes the other way round. */
export function versionOf(number: number): TdsVersion | undefined {
  const found = VERSIONS.filter((version) => NUMBERS[version] <= number);
  // 8.0 is the smallest number of all.
  if (number === NUMBERS['8.0']) return '8.0';
  return found.filter((version) => version !== '8.0').at(-1);
}

export const NUMBERS: Readonly<Record<TdsVersion, number>> = {
  '7.1': 0x71000001,
  '7.2': 0x72090002,
  '7.3A': 0x730a0003,
  '7.3B': 0x730b0003,
  '7.4': 0x74000004,
  '8.0': 0x08000000,
};
