import { BodyReader, cstring, type Frame, int16, int32, typed } from './frames.js';

/** A client's message after the login, as far as it matters what it makes a server do. */
export type ClientFrame =
  | { readonly kind: 'query'; readonly text: string }
  | { readonly kind: 'parse'; readonly name: string; readonly text: string; readonly types: readonly number[] }
  | { readonly kind: 'bind'; readonly portal: string; readonly statement: string; readonly values: readonly (Buffer | null)[] }
  | { readonly kind: 'execute'; readonly portal: string; readonly maxRows: number }
  | { readonly kind: 'describe' | 'close'; readonly target: 'S' | 'P'; readonly name: string }
  | { readonly kind: 'copy-data' | 'copy-done' | 'copy-fail' | 'sync' | 'flush' | 'terminate' };

const PLAIN = { d: 'copy-data', c: 'copy-done', f: 'copy-fail', S: 'sync', H: 'flush', X: 'terminate' } as const;

/** What a frame says, or `undefined` when it is not a message that a server would take after the login. */
export function readClientFrame(frame: Frame): ClientFrame | undefined {
  const reader = new BodyReader(frame.body);
  const message = readBody(frame, reader);
  return message !== undefined && reader.whole ? message : undefined;
}

function readBody(frame: Frame, reader: BodyReader): ClientFrame | undefined {
  switch (frame.type) {
    case 'Q':
      return { kind: 'query', text: reader.cstring() };
    case 'P':
      return { kind: 'parse', name: reader.cstring(), text: reader.cstring(), types: reader.list(() => reader.int32()) };
    case 'B':
      return readBind(reader);
    case 'E':
      return { kind: 'execute', portal: reader.cstring(), maxRows: reader.int32() };
    case 'D':
    case 'C': {
      const target = reader.byte();
      if (target !== 'S' && target !== 'P') return undefined;
      return { kind: frame.type === 'D' ? 'describe' : 'close', target, name: reader.cstring() };
    }
    case 'd':
      reader.rest();
      return { kind: 'copy-data' };
    case 'f':
      reader.cstring();
      return { kind: 'copy-fail' };
    case 'c':
    case 'S':
    case 'H':
    case 'X':
      return { kind: PLAIN[frame.type] };
    default:
      return undefined;
  }
}

function readBind(reader: BodyReader): ClientFrame | undefined {
  const portal = reader.cstring();
  const statement = reader.cstring();
  const formats = reader.list(() => reader.int16());
  const values = reader.list(() => reader.value());
  const results = reader.list(() => reader.int16());
  if ([...formats, ...results].some((format) => format > 1)) return undefined;
  if (formats.length > 1 && formats.length !== values.length) return undefined;
  return { kind: 'bind', portal, statement, values };
}

export const query = (text: string): Buffer => typed('Q', cstring(text));
export const parse = (text: string, name = '', types: readonly number[] = []): Buffer =>
  typed('P', cstring(name), cstring(text), int16(types.length), ...types.map(int32));
export const execute = (portal = '', maxRows = 0): Buffer => typed('E', cstring(portal), int32(maxRows));
export const describe = (target: 'S' | 'P', name = ''): Buffer => typed('D', Buffer.from(target), cstring(name));
export const close = (target: 'S' | 'P', name = ''): Buffer => typed('C', Buffer.from(target), cstring(name));
export const sync = (): Buffer => typed('S');
export const flush = (): Buffer => typed('H');
export const copyData = (text: string): Buffer => typed('d', Buffer.from(text));
export const copyDone = (): Buffer => typed('c');
export const copyFail = (reason: string): Buffer => typed('f', cstring(reason));
export const terminate = (): Buffer => typed('X');
export const password = (text: string): Buffer => typed('p', cstring(text));

/** All values and results in one format. */
export function bind(portal = '', statement = '', values: readonly (string | null)[] = [], format: 0 | 1 = 0): Buffer {
  const parts = values.flatMap((value) => (value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)]));
  return typed('B', cstring(portal), cstring(statement), int16(1), int16(0), int16(values.length), ...parts, int16(1), int16(format));
}
