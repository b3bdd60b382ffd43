import path from 'node:path';
import type { SinkOptions } from '@sqlwarden/ledger';
import { unreachable } from '@sqlwarden/core';
import type { Contradiction } from './contradictions.js';

/** An entry of `ledger.sinks` as it is written: what `config.schema.json` lets through. */
export interface SinkSource {
  readonly type: SinkOptions['type'];
  readonly name?: string;
  readonly format?: SinkOptions['format'];
  readonly only?: SinkOptions['only'];
  readonly maxLag?: number;
  readonly whenBehind?: SinkOptions['whenBehind'];
  readonly directory?: string;
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
  readonly command?: readonly string[];
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly headerFiles?: Readonly<Record<string, string>>;
  readonly tls?: { readonly ca?: string; readonly certificate?: string; readonly key?: string };
  readonly compression?: 'gzip' | 'none';
  readonly timeoutMs?: number;
  readonly serviceName?: string;
}

const DEFAULTS = { format: 'native', only: 'all', maxLag: 1_000_000, whenBehind: 'warn' } as const;
const FILE_DEFAULTS = { maxBytes: 64 * 1024 * 1024, maxAgeMs: 300_000 } as const;
const OTLP_DEFAULTS = { compression: 'gzip', timeoutMs: 10_000, serviceName: 'sqlwarden' } as const;

/** Keys that only one type of sink has. */
const OWN_KEYS = {
  stdout: [],
  file: ['directory', 'maxBytes', 'maxAgeMs', 'command'],
  otlp: ['url', 'headers', 'headerFiles', 'tls', 'compression', 'timeoutMs', 'serviceName'],
} as const satisfies Record<SinkOptions['type'], readonly (keyof SinkSource)[]>;

/** With defaults filled in and every path absolute. A sink without a name is called by its type. */
export function sinksOf(sources: readonly SinkSource[], directory: string): readonly SinkOptions[] {
  return sources.map((source) => sinkOf(source, (relative) => path.resolve(directory, relative)));
}

function sinkOf(source: SinkSource, at: (relative: string) => string): SinkOptions {
  const { format, only, maxLag, whenBehind } = { ...DEFAULTS, ...source };
  const base = { name: source.name ?? source.type, format, only, maxLag, whenBehind };
  switch (source.type) {
    case 'stdout':
      return { ...base, type: 'stdout' };
    case 'file': {
      const { maxBytes, maxAgeMs, command } = { ...FILE_DEFAULTS, ...source };
      return { ...base, type: 'file', directory: at(source.directory ?? '.'), maxBytes, maxAgeMs, command };
    }
    case 'otlp': {
      const { url, headers = {}, headerFiles = {}, tls = {}, compression, timeoutMs, serviceName } = { ...OTLP_DEFAULTS, ...source };
      const absolute = (files: Readonly<Record<string, string>>) =>
        Object.fromEntries(Object.entries(files).map(([key, file]) => [key, at(file)]));
      return {
        ...base,
        type: 'otlp',
        url,
        headers,
        headerFiles: absolute(headerFiles),
        tls: absolute({ ...tls }),
        compression,
        timeoutMs,
        serviceName,
      };
    }
    default:
      return unreachable(source.type);
  }
}

/** What a schema cannot see of sinks: keys of another type, names that are taken. */
export function sinkContradictions(sources: readonly SinkSource[]): Contradiction[] {
  const names = sources.map(({ name, type }) => name ?? type);
  const directories = sources.map(({ directory }) => directory && path.resolve(directory));
  return sources.flatMap((source, at) => {
    const where = ['ledger', 'sinks', at];
    const found: Contradiction[] = foreignKeys(source).map(([key, type]) => ({
      path: [...where, key],
      message: `belongs to a sink of type ${type}; take it away or change the type`,
    }));
    if (source.type === 'file' && source.directory === undefined)
      found.push({ path: where, message: 'has no directory; write directory: <where the files shall be>' });
    if (names.indexOf(names[at] ?? '') !== at)
      found.push({ path: where, message: `is called "${names[at]}" as an earlier one; write another name` });
    if (source.directory !== undefined && directories.indexOf(directories[at]) !== at)
      found.push({ path: [...where, 'directory'], message: 'is that of an earlier sink; write a directory of its own' });
    if ((source.tls?.certificate === undefined) !== (source.tls?.key === undefined))
      found.push({ path: [...where, 'tls'], message: 'needs certificate and key together; write both or none' });
    return found;
  });
}

function foreignKeys(source: SinkSource): (readonly [string, string])[] {
  return Object.entries(OWN_KEYS).flatMap(([type, keys]) =>
    type === source.type ? [] : keys.filter((key) => source[key] !== undefined).map((key) => [key, type] as const),
  );
}
