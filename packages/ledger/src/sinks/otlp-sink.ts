import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { createRequire } from 'node:module';
import type { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { errnoOf } from '../ledger-error.js';
import { otlpRecord, type RecordFrame } from './otlp-record.js';
import { type Sink, SinkError } from './sink.js';
import type { SinkEntry } from './sink-entry.js';
import type { OtlpSinkOptions } from './sink-options.js';

const PACKAGES = [
  '@opentelemetry/exporter-logs-otlp-proto',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-logs',
  '@opentelemetry/api-logs',
];

/** Who hears what the exporter says to its own log meanwhile: there is one log for all sinks. */
const exporting = new AsyncLocalStorage<(text: string) => void>();

/**
 * A receiver of OTLP/HTTP logs, by the official exporter. Every entry comes at least once: after a failure the last batch comes again. `log.record.uid`
 * is the same then, so that a receiver can drop doubles.
 */
export class OtlpSink implements Sink {
  readonly waitMs = undefined;
  readonly #options: OtlpSinkOptions;
  readonly #onTrouble: (error: Error) => void;
  #exporter: OTLPLogExporter | undefined;
  #frame: RecordFrame | undefined;
  #agent: Agent | undefined;
  #next = 0;
  #isUnclear = false;

  /** `onTrouble`: told of what a receiver took and threw away, which is not sent again. */
  constructor(options: OtlpSinkOptions, onTrouble: (error: Error) => void) {
    this.#options = options;
    this.#onTrouble = onTrouble;
  }

  async begin(next: number, origin: string): Promise<number> {
    this.#next = next;
    this.#frame ??= await frameOf(this.#options, origin);
    this.#exporter ??= await this.#open();
    return next;
  }

  async take(entries: readonly SinkEntry[], next: number): Promise<number> {
    const frame = this.#frame;
    if (frame === undefined) throw new Error('the sink was not begun');
    const now = Date.now();
    const records = entries.flatMap((entry) => otlpRecord(this.#options.format, entry, frame, now) ?? []);
    if (records.length > 0) await this.#export(records);
    return (this.#next = next);
  }

  settle(): Promise<number> {
    return Promise.resolve(this.#next);
  }

  async close(): Promise<void> {
    await this.#exporter?.shutdown();
  }

  #export(records: Parameters<OTLPLogExporter['export']>[0]): Promise<void> {
    return new Promise((resolve, reject) => {
      const exporter = this.#exporter;
      if (exporter === undefined) return reject(new Error('the sink was not begun'));
      // The exporter's own time limit is for silence: it would wait for an answer that comes byte by byte.
      const timer = setTimeout(() => {
        this.#drop();
        reject(refusal(undefined));
      }, 2 * this.#options.timeoutMs);
      exporting.run(
        (text) => this.#hear(text),
        () =>
          exporter.export(records, ({ code, error }) => {
            clearTimeout(timer);
            if (isExported(code)) resolve();
            else reject(refusal(error));
          }),
      );
    });
  }

  /** The next beginning makes another exporter, with connections of its own. */
  #drop(): void {
    this.#agent?.destroy();
    this.#agent = this.#exporter = undefined;
  }

  async #open(): Promise<OTLPLogExporter> {
    const { OTLPLogExporter: Exporter } = await import('@opentelemetry/exporter-logs-otlp-proto');
    hearExporters();
    const { url, timeoutMs, compression, tls } = this.#options;
    const certificates = readTls(tls);
    const make = (): OTLPLogExporter =>
      new Exporter({
        ...(url === undefined ? {} : { url }),
        headers: () => headersOf(this.#options),
        timeoutMillis: timeoutMs,
        // The package does not export the type of its values.
        compression: compression as never,
        concurrencyLimit: 1,
        httpAgentOptions: (protocol) => {
          this.#agent = protocol === 'https:' ? new TlsAgent({ keepAlive: true, ...certificates }) : new Agent({ keepAlive: true });
          return this.#agent;
        },
      });
    return url === undefined ? make() : withoutEnvironment(make);
  }

  /** A partial success (OTLP specification, "Partial Success") and an answer that is none of OTLP are successes to the exporter. */
  #hear(text: string): void {
    const { name } = this.#options;
    const rejected = /"rejectedLogRecords":"?(\d+)/.exec(text)?.[1];
    if (rejected !== undefined && rejected !== '0')
      this.#onTrouble(new SinkError(`the receiver of sink "${name}" took ${rejected} records for wrong and dropped them: look at its log`));
    if (this.#isUnclear || !text.includes('could not deserialize response')) return;
    this.#isUnclear = true;
    this.#onTrouble(new SinkError(`what answers for sink "${name}" does not speak OTLP in protobuf: make sure that it keeps what it gets`));
  }
}

function hearExporters(): void {
  const require = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/exporter-logs-otlp-proto'));
  const { diag, DiagLogLevel } = require('@opentelemetry/api') as Diagnostics;
  const silent = (): void => undefined;
  const warn = (message: string, ...details: unknown[]): void => exporting.getStore()?.([message, ...details].map(String).join(' '));
  diag.setLogger(
    { verbose: silent, debug: silent, info: silent, warn, error: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

/** What is used of @opentelemetry/api, which comes with the exporter. */
interface Diagnostics {
  readonly diag: {
    setLogger(
      logger: Readonly<Record<'verbose' | 'debug' | 'info' | 'warn' | 'error', (message: string, ...details: unknown[]) => void>>,
      options: { readonly logLevel: number; readonly suppressOverrideMessage: boolean },
    ): boolean;
  };
  readonly DiagLogLevel: { readonly WARN: number };
}

/** Throws a {@link SinkError} that says what to install. */
export async function assertOtlpInstalled(): Promise<void> {
  try {
    await Promise.all(PACKAGES.map((name) => import(name)));
  } catch {
    throw new SinkError(`a sink of type otlp needs packages that are not installed; run: npm install ${PACKAGES.join(' ')}`);
  }
}

async function frameOf({ serviceName }: OtlpSinkOptions, origin: string): Promise<RecordFrame> {
  await assertOtlpInstalled();
  const [{ resourceFromAttributes }, { SeverityNumber }] = await Promise.all([
    import('@opentelemetry/resources'),
    import('@opentelemetry/api-logs'),
  ]);
  return {
    resource: resourceFromAttributes({ 'service.name': serviceName, 'sqlwarden.ledger.origin': origin }),
    scope: { name: '@sqlwarden/ledger' },
    severities: { info: SeverityNumber.INFO, warn: SeverityNumber.WARN },
  };
}

async function headersOf({ headers, headerFiles }: OtlpSinkOptions): Promise<Record<string, string>> {
  const read = Object.entries(headerFiles).map(async ([name, file]) => [name, (await readFile(file, 'utf8')).trim()] as const);
  return { ...headers, ...Object.fromEntries(await Promise.all(read)) };
}

function readTls({ ca, certificate, key }: OtlpSinkOptions['tls']): {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
} {
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new SinkError(`${file} cannot be read (${errnoOf(error)})`);
    }
  };
  return {
    ...(ca !== undefined && { ca: read(ca) }),
    ...(certificate !== undefined && { cert: read(certificate) }),
    ...(key !== undefined && { key: read(key) }),
  };
}

/** The exporter adds what the environment says to what it is given. */
function withoutEnvironment<T>(make: () => T): T {
  const taken = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_EXPORTER_OTLP_'));
  for (const [name] of taken) delete process.env[name];
  try {
    return make();
  } finally {
    for (const [name, value] of taken) process.env[name] = value;
  }
}

/** `ExportResultCode.SUCCESS`. */
function isExported(code: unknown): boolean {
  return code === 0;
}

/** Nothing of what the receiver said: it may repeat what it was sent. */
function refusal(error: unknown): SinkError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const what =
    typeof code === 'number'
      ? `answers with HTTP status ${code}`
      : `cannot be reached or does not answer in time${typeof code === 'string' ? ` (${code})` : ''}`;
  return new SinkError(`the receiver ${what}: look at it and at the url and headers of the sink`);
}
