// The web-standard globals that core may use besides the language itself. Core compiles without `@types/node` and without the DOM library,
// so that anything else of a host (files, sockets, timers, process) does not type-check here. Where a consumer has the host's own types,
// these declarations step back: the file is not part of what is published.

/** WHATWG Encoding Standard, section 7.4. Always UTF-8. */
declare class TextEncoder {
  readonly encoding: string;
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

/** WHATWG Encoding Standard, section 7.2. With `fatal`, malformed input throws a TypeError. */
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: Uint8Array | ArrayBuffer, options?: { stream?: boolean }): string;
}

/** WHATWG URL Standard, section 6.1; the parts that core reads. */
declare class URL {
  constructor(url: string | URL, base?: string | URL);
  readonly href: string;
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  toString(): string;
}
