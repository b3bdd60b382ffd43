import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BackendMessage, decodeBackend, encodeBackend } from './backend-message.js';
import { FrameSplitter } from './frame-splitter.js';
import { decodeFrontend, encodeFrontend, type FrontendMessage, type PasswordKind } from './frontend-message.js';
import { BACKEND_LIMIT_TABLE, FRONTEND, FRONTEND_LIMIT_TABLE } from './message-types.js';
import { ProtocolError } from './protocol-error.js';
import { decodeStartupPacket, encodeStartupPacket, type StartupPacket } from './startup-message.js';

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.replaceAll('\0', ''));
const name = text.filter((value) => value !== '');
const bytes = fc.uint8Array({ maxLength: 40 });
const cell = fc.option(bytes, { nil: null });
const oid = fc.integer({ min: 0, max: 0xffff_ffff });
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const int16 = fc.integer({ min: -0x8000, max: 0x7fff });
const format = fc.constantFrom(0 as const, 1 as const);
const target = fc.constantFrom('statement' as const, 'portal' as const);
const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 5 });
const constant = <T extends { readonly kind: string }>(value: T) => fc.constant(value);
const record = (kind: string, fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  fc.record<Record<string, unknown>>({ kind: fc.constant(kind), ...fields });

const frontend: Record<FrontendMessage['kind'], fc.Arbitrary<unknown>> = {
  Bind: fc.record({ portal: text, statement: text, parameters: few(cell), resultFormats: few(format) }).chain((bind) =>
    fc
      .oneof(
        fc.constant([]),
        format.map((one) => [one]),
        fc.array(format, { minLength: bind.parameters.length, maxLength: bind.parameters.length }),
      )
      .map((parameterFormats) => ({ kind: 'Bind', ...bind, parameterFormats })),
  ),
  Close: record('Close', { target, name: text }),
  CopyData: record('CopyData', { data: bytes }),
  CopyDone: constant({ kind: 'CopyDone' }),
  CopyFail: record('CopyFail', { message: text }),
  Describe: record('Describe', { target, name: text }),
  Execute: record('Execute', { portal: text, maxRows: int32 }),
  Flush: constant({ kind: 'Flush' }),
  FunctionCall: record('FunctionCall', { functionId: oid, argumentFormats: few(format), arguments: few(cell), resultFormat: format }),
  Parse: record('Parse', { name: text, text, parameterTypes: few(oid) }),
  PasswordMessage: record('PasswordMessage', { password: text }),
  SASLInitialResponse: record('SASLInitialResponse', { mechanism: text, response: cell }),
  SASLResponse: record('SASLResponse', { data: bytes }),
  GSSResponse: record('GSSResponse', { data: bytes }),
  Query: record('Query', { text }),
  Sync: constant({ kind: 'Sync' }),
  Terminate: constant({ kind: 'Terminate' }),
};

const errorField = fc.record({ code: fc.constantFrom('S', 'V', 'C', 'M', 'D', 'H', 'P', 'W'), value: text });
const copyFormats = { format, columnFormats: few(format) };
const rowField = fc.record({ name: text, relationId: oid, columnNumber: int16, typeId: oid, typeSize: int16, typeModifier: int32, format });

const backend: Record<BackendMessage['kind'], fc.Arbitrary<unknown>> = {
  AuthenticationOk: constant({ kind: 'AuthenticationOk' }),
  AuthenticationKerberosV5: constant({ kind: 'AuthenticationKerberosV5' }),
  AuthenticationCleartextPassword: constant({ kind: 'AuthenticationCleartextPassword' }),
  AuthenticationMD5Password: record('AuthenticationMD5Password', { salt: fc.uint8Array({ minLength: 4, maxLength: 4 }) }),
  AuthenticationGSS: constant({ kind: 'AuthenticationGSS' }),
  AuthenticationGSSContinue: record('AuthenticationGSSContinue', { data: bytes }),
  AuthenticationSSPI: constant({ kind: 'AuthenticationSSPI' }),
  AuthenticationSASL: record('AuthenticationSASL', { mechanisms: few(name) }),
  AuthenticationSASLContinue: record('AuthenticationSASLContinue', { data: bytes }),
  AuthenticationSASLFinal: record('AuthenticationSASLFinal', { data: bytes }),
  BackendKeyData: record('BackendKeyData', { processId: int32, secret: fc.uint8Array({ minLength: 4, maxLength: 256 }) }),
  BindComplete: constant({ kind: 'BindComplete' }),
  CloseComplete: constant({ kind: 'CloseComplete' }),
  CommandComplete: record('CommandComplete', { tag: text }),
  CopyBothResponse: record('CopyBothResponse', copyFormats),
  CopyData: record('CopyData', { data: bytes }),
  CopyDone: constant({ kind: 'CopyDone' }),
  CopyInResponse: record('CopyInResponse', copyFormats),
  CopyOutResponse: record('CopyOutResponse', copyFormats),
  DataRow: record('DataRow', { cells: few(cell) }),
  EmptyQueryResponse: constant({ kind: 'EmptyQueryResponse' }),
  ErrorResponse: record('ErrorResponse', { fields: few(errorField) }),
  FunctionCallResponse: record('FunctionCallResponse', { value: cell }),
  NegotiateProtocolVersion: record('NegotiateProtocolVersion', { version: oid, unrecognised: few(text) }),
  NoData: constant({ kind: 'NoData' }),
  NoticeResponse: record('NoticeResponse', { fields: few(errorField) }),
  NotificationResponse: record('NotificationResponse', { processId: int32, channel: text, payload: text }),
  ParameterDescription: record('ParameterDescription', { types: few(oid) }),
  ParameterStatus: record('ParameterStatus', { name: text, value: text }),
  ParseComplete: constant({ kind: 'ParseComplete' }),
  PortalSuspended: constant({ kind: 'PortalSuspended' }),
  ReadyForQuery: record('ReadyForQuery', { status: fc.constantFrom('I', 'T', 'E') }),
  RowDescription: record('RowDescription', { fields: few(rowField) }),
};

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Uint8Array ? [...inner] : inner)));

const passwordKinds = new Set(['PasswordMessage', 'SASLInitialResponse', 'SASLResponse', 'GSSResponse']);

function reencodedFrontend(message: FrontendMessage): FrontendMessage {
  const encoded = encodeFrontend(message);
  const kind = passwordKinds.has(message.kind) ? (message.kind as PasswordKind) : undefined;
  return decodeFrontend(encoded[0] ?? 0, encoded, 5, encoded.length, kind);
}

function reencodedBackend(message: BackendMessage): BackendMessage {
  const encoded = encodeBackend(message);
  return decodeBackend(encoded[0] ?? 0, encoded, 5, encoded.length);
}

describe('messages of the client', () => {
  it.each(Object.entries(frontend))('%s: decoding what was encoded gives the message', (_kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<FrontendMessage>, (message) => {
        expect(plain(reencodedFrontend(message))).toEqual(plain(message));
      }),
      { numRuns: 50 },
    );
  });

  it.each(Object.entries(frontend))('%s: a byte too many is refused', (kind, arbitrary) => {
    const open = new Set(['CopyData', 'SASLResponse', 'GSSResponse']);
    if (open.has(kind)) return;
    const [message] = fc.sample(arbitrary as fc.Arbitrary<FrontendMessage>, { numRuns: 1, seed: 1 }) as [FrontendMessage];
    const encoded = new Uint8Array([...encodeFrontend(message), 0]);
    const password = passwordKinds.has(kind) ? (kind as PasswordKind) : undefined;
    expect(() => decodeFrontend(encoded[0] ?? 0, encoded, 5, encoded.length, password)).toThrow(ProtocolError);
  });

  it('refuses a format code that is neither text nor binary', () => {
    const bind = encodeFrontend({ kind: 'Bind', portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [1] });
    bind[bind.length - 1] = 2;
    expect(() => decodeFrontend(FRONTEND.Bind, bind, 5, bind.length)).toThrow(expect.objectContaining({ code: 'invalid-value' }));
  });

  it('refuses a value whose length is negative but not NULL, or beyond the message', () => {
    const bind = encodeFrontend({
      kind: 'Bind',
      portal: '',
      statement: '',
      parameterFormats: [],
      parameters: [new Uint8Array(1)],
      resultFormats: [],
    });
    const length = 5 + 2 + 2 + 2;
    for (const [value, code] of [
      [-2, 'length'],
      [0x7fff_ffff, 'truncated'],
    ] as const) {
      new DataView(bind.buffer, bind.byteOffset).setInt32(length, value);
      expect(() => decodeFrontend(FRONTEND.Bind, bind, 5, bind.length)).toThrow(expect.objectContaining({ code }));
    }
  });

  it('does not let a count wrap around', () => {
    const parameters = Array.from({ length: 65_536 }, () => null);
    expect(() => encodeFrontend({ kind: 'Bind', portal: '', statement: '', parameterFormats: [], parameters, resultFormats: [] })).toThrow(
      expect.objectContaining({ code: 'length' }),
    );
  });

  it('does not let a NUL end a string early', () => {
    expect(() => encodeFrontend({ kind: 'Query', text: 'select 1\0; drop table t' })).toThrow(
      expect.objectContaining({ code: 'invalid-value' }),
    );
  });

  it('refuses text that is not UTF-8, and keeps a byte order mark', () => {
    const query = encodeFrontend({ kind: 'Query', text: '\ufeffxx' });
    expect(decodeFrontend(FRONTEND.Query, query, 5, query.length)).toEqual({ kind: 'Query', text: '\ufeffxx' });
    query[6] = 0xff;
    expect(() => decodeFrontend(FRONTEND.Query, query, 5, query.length)).toThrow(expect.objectContaining({ code: 'invalid-text' }));
  });
});

describe('messages of the server', () => {
  it.each(Object.entries(backend))('%s: decoding what was encoded gives the message', (_kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<BackendMessage>, (message) => {
        expect(plain(reencodedBackend(message))).toEqual(plain(message));
      }),
      { numRuns: 50 },
    );
  });
});

describe('arbitrary bytes', () => {
  const directions = [
    ['a client', FRONTEND_LIMIT_TABLE, decodeFrontend],
    ['a server', BACKEND_LIMIT_TABLE, decodeBackend],
  ] as const;
  it.each(directions)('from %s end in messages or a protocol error', (_who, limits, decode) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
        const frames = new FrameSplitter(limits, 1024, true);
        try {
          for (const chunk of chunks) {
            frames.push(chunk);
            while (frames.next()) decode(frames.type, frames.buffer, frames.bodyStart, frames.end);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('start-up packets', () => {
  const parameters = fc.array(fc.tuple(name, text), { maxLength: 5 }).map((entries) => new Map(entries));
  const packets: Record<StartupPacket['kind'], fc.Arbitrary<unknown>> = {
    SSLRequest: constant({ kind: 'SSLRequest' }),
    GSSENCRequest: constant({ kind: 'GSSENCRequest' }),
    CancelRequest: record('CancelRequest', { processId: int32, secret: fc.uint8Array({ minLength: 4, maxLength: 256 }) }),
    StartupMessage: record('StartupMessage', { major: fc.constant(3), minor: fc.integer({ min: 0, max: 99 }), parameters }),
  };

  it.each(Object.entries(packets))('%s: decoding what was encoded gives the packet', (_kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<StartupPacket>, (packet) => {
        const encoded = encodeStartupPacket(packet);
        expect(decodeStartupPacket(encoded, 4, encoded.length)).toEqual(packet);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a parameter that is given twice', () => {
    const once = encodeStartupPacket({ kind: 'StartupMessage', major: 3, minor: 0, parameters: new Map([['user', 'a']]) });
    const twice = new Uint8Array([...once.subarray(0, -1), ...once.subarray(8)]);
    expect(() => decodeStartupPacket(twice, 4, twice.length)).toThrow(expect.objectContaining({ code: 'invalid-value' }));
  });
});
