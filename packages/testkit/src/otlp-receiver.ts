import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { OTLP_REQUESTS, type OtlpSignal } from './otlp-messages.js';
import { type Decoded, decodeProtobuf } from './protobuf-reader.js';

/** A span, metric or log record, with its attributes as plain values and those of its resource. */
export interface OtlpItem {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  /** Its other fields by the names of opentelemetry-proto. */
  readonly fields: Decoded;
}

export interface OtlpRequest {
  readonly signal: OtlpSignal;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly items: readonly OtlpItem[];
  /** What was sent, uncompressed. */
  readonly body: Buffer;
}

/** How a request is answered; `hang`: never. */
export type OtlpAnswer = { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: Buffer } | 'hang';

/** A collector for tests: takes OTLP over HTTP with protobuf and keeps what it gets. */
export interface OtlpReceiver {
  /** Without a path. */
  readonly url: string;
  /** Those that were answered with 200. */
  readonly taken: readonly OtlpRequest[];
  /** All of them. */
  readonly requests: readonly OtlpRequest[];
  /** What was taken of one signal. */
  items(signal: OtlpSignal): OtlpItem[];
  /** From now on requests are answered so. */
  answerWith(answer: (request: OtlpRequest) => OtlpAnswer): void;
  close(): Promise<void>;
}

const GOOD: OtlpAnswer = { status: 200 };

/** `port`: 0 lets the system choose. */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const requests: OtlpRequest[] = [];
  const taken: OtlpRequest[] = [];
  let answer: (request: OtlpRequest) => OtlpAnswer = () => GOOD;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = decodedOrNot(incoming, Buffer.concat(chunks));
      if (request === undefined) return give(response, { status: 400 });
      requests.push(request);
      const given = answer(request);
      if (given !== 'hang' && given.status === 200) taken.push(request);
      give(response, given);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    taken,
    items: (signal) => taken.filter((request) => request.signal === signal).flatMap(({ items }) => items),
    answerWith: (how) => {
      answer = how;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function give(response: ServerResponse, answer: OtlpAnswer): void {
  if (answer === 'hang') return;
  response.writeHead(answer.status, { 'content-type': 'application/x-protobuf', ...answer.headers });
  response.end(answer.body);
}

function decodedOrNot(incoming: IncomingMessage, sent: Buffer): OtlpRequest | undefined {
  try {
    return decoded(incoming, sent);
  } catch {
    return undefined;
  }
}

function decoded({ url = '', headers }: IncomingMessage, sent: Buffer): OtlpRequest | undefined {
  const signal = (['traces', 'metrics', 'logs'] as const).find((name) => url.endsWith(`/v1/${name}`));
  if (signal === undefined || headers['content-type'] !== 'application/x-protobuf') return undefined;
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  const items: OtlpItem[] = [];
  for (const one of listOf(decodeProtobuf(body, OTLP_REQUESTS[signal])['resources'])) {
    const resource = plainAttributes((one['resource'] as Decoded | undefined)?.['attributes']);
    for (const scope of listOf(one['scopes'])) {
      for (const { attributes, ...fields } of listOf(scope['items']))
        items.push({ attributes: plainAttributes(attributes), resource, fields });
    }
  }
  return { signal, path: url, headers, items, body };
}

function listOf(value: unknown): Decoded[] {
  return (value ?? []) as Decoded[];
}

/** Attributes (`KeyValue`) as plain values. */
export function plainAttributes(pairs: unknown): Record<string, unknown> {
  return Object.fromEntries(listOf(pairs).map(({ key, value }) => [key as string, plainValue(value as Decoded | undefined)]));
}

/** An `AnyValue` as a plain one; whole numbers as numbers, bytes as hexadecimal digits. */
export function plainValue(value: Decoded | undefined): unknown {
  const [kind, inner] = Object.entries(value ?? {})[0] ?? [];
  if (kind === 'int') return Number(BigInt.asIntN(64, BigInt(inner as string)));
  if (kind === 'array') return listOf((inner as Decoded)['values']).map(plainValue);
  return kind === 'map' ? plainAttributes((inner as Decoded)['values']) : inner;
}
