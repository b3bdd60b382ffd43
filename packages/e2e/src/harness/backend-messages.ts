/** One message of a server: its type byte as a character, and its body without the length. */
export interface BackendMessage {
  readonly type: string;
  readonly body: Buffer;
}

export interface ErrorFields {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  /** All fields by their type byte. */
  readonly all: Readonly<Record<string, string>>;
}

/** Cuts what a server sent into messages; a message that is cut off at the end is left in `rest`. */
export function splitMessages(bytes: Buffer): { readonly messages: BackendMessage[]; readonly rest: Buffer } {
  const messages: BackendMessage[] = [];
  let at = 0;
  while (bytes.length - at >= 5) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    messages.push({ type: String.fromCharCode(bytes.readUInt8(at)), body: bytes.subarray(at + 5, end) });
    at = end;
  }
  return { messages, rest: bytes.subarray(at) };
}

/** The cells of a DataRow; `null` for SQL NULL. */
export function cellsOf({ body }: BackendMessage): (Buffer | null)[] {
  const cells: (Buffer | null)[] = [];
  let at = 2;
  for (let index = body.readUInt16BE(0); index > 0; index -= 1) {
    const length = body.readInt32BE(at);
    at += 4;
    cells.push(length < 0 ? null : body.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  return cells;
}

/** The names of a RowDescription's columns. */
export function columnNamesOf({ body }: BackendMessage): string[] {
  const names: string[] = [];
  let at = 2;
  for (let index = body.readUInt16BE(0); index > 0; index -= 1) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    at = end + 19;
  }
  return names;
}

/** The fields of an ErrorResponse or a NoticeResponse. */
export function errorFieldsOf({ body }: BackendMessage): ErrorFields {
  const all: Record<string, string> = {};
  for (const field of body.toString('utf8').split('\0')) if (field !== '') all[field.charAt(0)] = field.slice(1);
  return { severity: all['S'] ?? '', code: all['C'] ?? '', message: all['M'] ?? '', all };
}

/** The command tag of a CommandComplete. */
export function tagOf({ body }: BackendMessage): string {
  return body.toString('utf8', 0, body.length - 1);
}
