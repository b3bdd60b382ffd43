import { configProblem, readNamedFile } from '../config/named-file.js';
import type { OtlpConfig } from '../config/telemetry-config.js';

/** Options of the official exporters (`OTLPExporterNodeConfigBase`). */
export interface OtlpTarget {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly timeoutMillis: number;
  readonly httpAgentOptions: { readonly ca?: Buffer; readonly keepAlive: boolean };
}

/** Of one attempt with what is tried again; a collector that hangs must not keep the next ones waiting for long. */
const TIMEOUT_MS = 5_000;
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*:\s*([\x20-\x7e]*)$/;

/** Where signals are sent. `key`: of the signal in the configuration. Throws a `ConfigError` when a file of it is not good. */
export function otlpTarget(configFile: string, key: string, { url, headersFile, ca }: OtlpConfig): OtlpTarget {
  return {
    url,
    headers: headersFile === undefined ? {} : headersOf(configFile, `${key}.headersFile`, headersFile),
    timeoutMillis: TIMEOUT_MS,
    httpAgentOptions: {
      keepAlive: true,
      ...(ca === undefined ? {} : { ca: readNamedFile(configFile, ca, `${key}.ca`, 'give the PEM file of the authority') }),
    },
  };
}

function headersOf(configFile: string, key: string, file: string): Record<string, string> {
  const text = readNamedFile(configFile, file, key, 'write lines such as "authorization: Bearer …" into it').toString('utf8');
  const headers: Record<string, string> = {};
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [, name, value] = HEADER.exec(line.trim()) ?? [];
    // The line itself may hold a secret.
    if (name === undefined || value === undefined)
      throw configProblem('config-invalid', configFile, key, `line ${at + 1} of ${file} is no header; write name: value`);
    headers[name] = value;
  }
  return headers;
}
