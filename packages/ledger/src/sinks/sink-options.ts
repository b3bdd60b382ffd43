/** What goes to a sink, as plain data: it is handed to the thread that runs sinks. */

/** `native`: the entry's own canonical bytes; `ocsf`: an event of the Open Cybersecurity Schema Framework. */
export const SINK_FORMATS = ['native', 'ocsf'] as const;
export type SinkFormat = (typeof SINK_FORMATS)[number];

interface SinkBase {
  /** Unique in a ledger; names the file of its cursor. */
  readonly name: string;
  readonly format: SinkFormat;
  readonly only: 'all' | 'alerts';
  /** Entries that it may be behind before {@link whenBehind} applies. */
  readonly maxLag: number;
  readonly whenBehind: 'warn' | 'refuse-writes';
}

export interface StdoutSinkOptions extends SinkBase {
  readonly type: 'stdout';
}

export interface FileSinkOptions extends SinkBase {
  readonly type: 'file';
  /** Absolute; made when it is not there. */
  readonly directory: string;
  /** A file is finished when it has that much, … */
  readonly maxBytes: number;
  /** … or when its first entry has waited that long. */
  readonly maxAgeMs: number;
  /** Run for every finished file, with its path and that of its checkpoint behind; it must end with 0 before the sink goes on. */
  readonly command: readonly string[] | undefined;
}

export interface OtlpSinkOptions extends SinkBase {
  readonly type: 'otlp';
  /** Of OTLP/HTTP logs, whole. `undefined`: what the environment says (OTEL_EXPORTER_OTLP_*). */
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Files that hold the values of further headers; read anew for every request. */
  readonly headerFiles: Readonly<Record<string, string>>;
  /** Files of PEM. */
  readonly tls: { readonly ca?: string; readonly certificate?: string; readonly key?: string };
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
  readonly serviceName: string;
}

export type SinkOptions = StdoutSinkOptions | FileSinkOptions | OtlpSinkOptions;
