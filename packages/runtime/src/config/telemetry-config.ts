/** `telemetry` after it was checked. */
export interface TelemetryConfig {
  /** `service.name` of what is sent. */
  readonly serviceName: string;
  /** `sample`: the part of statements without a trace of their own that get one, from 0 to 1. */
  readonly traces: { readonly otlp: OtlpConfig | undefined; readonly sample: number } | undefined;
  /** `tables`: metrics of operations say which table. */
  readonly metrics: { readonly otlp: OtlpConfig | undefined; readonly intervalMs: number; readonly tables: boolean } | undefined;
  /** Everything that is counted is in `/metrics` of the health address. */
  readonly prometheus: boolean;
}

/** Where signals are sent by OTLP over HTTP with protobuf. */
export interface OtlpConfig {
  readonly url: string;
  /** File of headers, a line each. */
  readonly headersFile: string | undefined;
  /** File of PEM authorities; the system's when `undefined`. */
  readonly ca: string | undefined;
}

/** `telemetry` as it is written. */
export interface TelemetrySource {
  readonly serviceName?: string;
  readonly traces?: OtlpSource & { readonly sample?: number };
  readonly metrics?: OtlpSource & { readonly intervalMs?: number; readonly tables?: boolean };
  readonly prometheus?: boolean;
}

interface OtlpSource {
  readonly otlp?: string;
  readonly headersFile?: string;
  readonly ca?: string;
}

const DEFAULT_SERVICE_NAME = 'sqlwarden';
const DEFAULT_INTERVAL_MS = 60_000;

export function telemetryOf(source: TelemetrySource | undefined, at: (relative: string) => string): TelemetryConfig | undefined {
  if (source === undefined) return undefined;
  const { serviceName = DEFAULT_SERVICE_NAME, traces, metrics, prometheus = false } = source;
  return {
    serviceName,
    traces: traces && { otlp: otlpOf(traces, at), sample: traces.sample ?? 1 },
    metrics: metrics && {
      otlp: otlpOf(metrics, at),
      intervalMs: metrics.intervalMs ?? DEFAULT_INTERVAL_MS,
      tables: metrics.tables ?? false,
    },
    prometheus,
  };
}

function otlpOf({ otlp, headersFile, ca }: OtlpSource, at: (relative: string) => string): OtlpConfig | undefined {
  return otlp === undefined
    ? undefined
    : { url: otlp, headersFile: headersFile === undefined ? undefined : at(headersFile), ca: ca === undefined ? undefined : at(ca) };
}
