/** Until the server's own is known. */
const UNKNOWN = '16.0.1000';

/** VERSION of PRELOGIN ([MS-TDS] section 2.2.6.5) of a server that calls its version `text`. */
export function versionOption(text: string = UNKNOWN): Uint8Array {
  const found = /(\d{1,2})\.(\d{1,2})\.(\d{1,4})(?:\.(\d{1,4}))?/.exec(text);
  if (found === null) return versionOption();
  const [, major, minor, build = '0', subBuild = '0'] = found;
  return Uint8Array.of(Number(major), Number(minor), ...bigEndian(build), ...bigEndian(subBuild));
}

function bigEndian(digits: string): readonly number[] {
  return [Number(digits) >>> 8, Number(digits) & 0xff];
}
