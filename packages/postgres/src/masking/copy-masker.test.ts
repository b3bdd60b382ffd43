import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CellMask, compileMask, type MaskFunction } from '@sqlwarden/core';
import { findPostgres, type PostgresServer, requireOrSkip, startPostgres } from '@sqlwarden/testkit';
import fc from 'fast-check';
import pg from 'pg';
import { cellType } from './cell-types.js';
import type { CopyFormat } from './copy-format.js';
import { type CopyMasker, createCopyMasker } from './copy-masker.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const unused = (): never => {
  throw new Error('not used here');
};
const tools = { hash: { sha256: unused, hmacSha256: unused, pbkdf2Sha256: unused }, maskKey: new Uint8Array(32), compilePattern: unused };

function maskFor(fn: MaskFunction, typeId: number, format: 'text' | 'binary' = 'text'): CellMask {
  const compiled = compileMask(fn, 'l', cellType({ typeId, typeModifier: -1 }), { format }, tools);
  if (compiled.kind !== 'mask') throw new Error(compiled.kind);
  return compiled.mask;
}

const hidden = maskFor({ kind: 'redact', text: 'hidden' }, 25);
const toNull = maskFor({ kind: 'null' }, 25);
/** Shows what the mask was given, so that unescaping and escaping are seen. */
const shout: CellMask = (cell) => utf8(text(cell).toUpperCase());

interface Copied {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly maskedCells: number;
}

type Pushed = ({ readonly kind: 'bytes' } & Copied) | { readonly kind: 'error'; readonly reason: string };

/** Gives the chunk from the middle of a buffer, and gathers what is written into the middle of another one. */
function push(masker: CopyMasker, chunk: Uint8Array): Pushed {
  let bytes = new Uint8Array(0);
  const reserve = (length: number): { buffer: Uint8Array; start: number } => {
    if (bytes.length > 0 || length === 0) throw new Error('room is reserved once, for something');
    const buffer = new Uint8Array(length + 9);
    bytes = buffer.subarray(4, 4 + length);
    return { buffer, start: 4 };
  };
  const around = new Uint8Array(chunk.length + 6).fill(0x0a);
  around.set(chunk, 3);
  const masked = masker.push(around, 3, 3 + chunk.length, { reserve });
  if (bytes.length !== (masked.kind === 'error' ? 0 : masked.bytes)) throw new Error('another number of bytes was written than was said');
  return masked.kind === 'error' ? masked : { ...masked, bytes };
}

/** Runs a whole copy through a masker in the given chunks; an error is returned as its reason. */
function copy(
  format: CopyFormat,
  cells: readonly (CellMask | null)[],
  chunks: readonly Uint8Array[],
  maxRowBytes = 10_000,
): Copied | string {
  const answer = createCopyMasker(format, cells, maxRowBytes);
  if (answer.kind === 'unmaskable') return answer.reason;
  const parts: Uint8Array[] = [];
  let rows = 0;
  let maskedCells = 0;
  for (const chunk of chunks) {
    const pushed = push(answer.masker, chunk);
    if (pushed.kind === 'error') return pushed.reason;
    parts.push(pushed.bytes);
    rows += pushed.rows;
    maskedCells += pushed.maskedCells;
  }
  const ended = answer.masker.end();
  return ended.kind === 'error' ? ended.reason : { bytes: Buffer.concat(parts), rows, maskedCells };
}

function copyText(format: CopyFormat, cells: readonly (CellMask | null)[], input: string): string {
  const copied = copy(format, cells, [utf8(input)]);
  return typeof copied === 'string' ? `error: ${copied}` : text(copied.bytes);
}

describe('text copies', () => {
  it('masks by position, keeps NULL, and counts', () => {
    const copied = copy({ format: 'text' }, [null, hidden], [utf8('1\tann\n2\t\\N\n3\t\n')]);
    expect(copied).toMatchObject({ rows: 3, maskedCells: 2 });
    expect(typeof copied === 'string' ? copied : text(copied.bytes)).toBe('1\thidden\n2\t\\N\n3\thidden\n');
  });
  it('unescapes before the mask and escapes behind it', () => {
    expect(copyText({ format: 'text' }, [shout], 'a\\tb\\\\c\\nd\\N\n')).toBe('A\\tB\\\\C\\nDN\n');
    expect(copyText({ format: 'text', delimiter: '|' }, [shout, shout], 'a\\|b|c\td\n')).toBe('A\\|B|C\\tD\n');
  });
  it('writes NULL for a mask that gives NULL, and an escaped value for a text that looks like it', () => {
    expect(copyText({ format: 'text' }, [toNull], 'x\n')).toBe('\\N\n');
    expect(copyText({ format: 'text' }, [() => utf8('\\N')], 'x\n')).toBe('\\\\N\n');
  });
  it('takes a value that was written to look like NULL for a value', () => {
    expect(copyText({ format: 'text' }, [hidden], '\\\\N\n')).toBe('hidden\n');
  });
  it('passes the names in the header', () => {
    expect(copyText({ format: 'text', header: true }, [null, hidden], 'id\temail\n1\tx\n')).toBe('id\temail\n1\thidden\n');
  });
  it('lets an empty row of no columns pass', () => {
    expect(copyText({ format: 'text' }, [], '\n\n')).toBe('\n\n');
  });
  it('refuses markers of NULL that would tell which cells equal them', () => {
    expect(createCopyMasker({ format: 'text', nullText: '078-05-1120' }, [hidden], 100).kind).toBe('unmaskable');
    expect(createCopyMasker({ format: 'text', nullText: '' }, [hidden], 100).kind).toBe('masker');
  });
  it.each(['', 'ab', 'é', '\n', '\\', '\0'])('refuses the delimiter %j', (delimiter) => {
    expect(createCopyMasker({ format: 'text', delimiter }, [hidden], 100).kind).toBe('unmaskable');
  });
  it.each([
    ['too many fields', 'a\tb\tc\n'],
    ['too few fields', 'a\n'],
    ['an end within a row', 'a\tb'],
    ['an escape without a character', 'a\tb\\\n'],
  ])('answers an error for %s', (_note, input) => {
    expect(copyText({ format: 'text' }, [null, hidden], input)).toMatch(/^error: /);
  });
  it('stays in error, and delivers nothing of the chunk that failed', () => {
    const answer = createCopyMasker({ format: 'text' }, [hidden], 100);
    if (answer.kind !== 'masker') throw new Error(answer.reason);
    expect(push(answer.masker, utf8('good\nbad\tbad\n')).kind).toBe('error');
    expect(push(answer.masker, utf8('good\n')).kind).toBe('error');
    expect(answer.masker.end().kind).toBe('error');
  });
  it('holds no more of a row than the limit', () => {
    expect(copy({ format: 'text' }, [hidden], [utf8('x'.repeat(101))], 100)).toMatch(/longer than the limit/);
    const chunks = Array.from({ length: 101 }, () => utf8('x'));
    expect(copy({ format: 'text' }, [hidden], chunks, 100)).toMatch(/longer than the limit/);
    expect(copy({ format: 'text' }, [hidden], [utf8(`${'x'.repeat(100)}\n`)], 100)).toMatchObject({ rows: 1 });
  });
  it('becomes an error when a mask throws', () => {
    expect(copyText({ format: 'text' }, [unused], 'a\n')).toBe('error: the row could not be masked');
  });
});

describe('CSV copies', () => {
  it('masks by position, keeps NULL, and tells it from the empty text', () => {
    expect(copyText({ format: 'csv' }, [null, hidden], '1,ann\n2,\n3,""\n')).toBe('1,hidden\n2,\n3,hidden\n');
    expect(copyText({ format: 'csv', nullText: 'nil' }, [hidden, null], 'nil,nil\n"nil","nil"\n')).toBe('nil,nil\nhidden,"nil"\n');
  });
  it('reads values of several lines and quotes what needs it', () => {
    expect(copyText({ format: 'csv' }, [shout, null], '"a,""b""\nc",d\ne,f\n')).toBe('"A,""B""\nC",d\nE,f\n');
    expect(copyText({ format: 'csv' }, [() => utf8('')], 'x\n')).toBe('""\n');
    expect(copyText({ format: 'csv' }, [() => utf8('\\.')], 'x\n')).toBe('"\\."\n');
  });
  it('reads other quotes and escapes', () => {
    const format: CopyFormat = { format: 'csv', delimiter: ';', quote: "'", escape: '\\' };
    expect(copyText(format, [shout, null], "'a;\\'b\\\\\n';'\\''\n")).toBe("'A;\\'B\\\\\n';'\\''\n");
  });
  it('passes the names in the header, even of several lines', () => {
    expect(copyText({ format: 'csv', header: true }, [hidden, null], '"a\nb",c\n1,2\n')).toBe('"a\nb",c\nhidden,2\n');
  });
  it.each([
    ['a quote within a field', 'a"b,c\n'],
    ['text behind the closing quote', '"a"b,c\n'],
    ['an open quote', '"a,c\n'],
    ['too many fields', 'a,b,c\n'],
  ])('answers an error for %s', (_note, input) => {
    expect(copyText({ format: 'csv' }, [null, hidden], input)).toMatch(/^error: /);
  });
});

const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const TRAILER = Buffer.from('ffff', 'hex');

function tuple(...values: (string | null)[]): Buffer {
  const parts = [Buffer.from([0, values.length])];
  for (const value of values) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    parts.push(length, Buffer.from(value ?? ''));
  }
  return Buffer.concat(parts);
}

describe('binary copies', () => {
  it('masks by position, keeps NULL, and counts', () => {
    const copied = copy({ format: 'binary' }, [null, hidden], [Buffer.concat([HEADER, tuple('1', 'ann'), tuple('2', null), TRAILER])]);
    expect(copied).toMatchObject({ rows: 2, maskedCells: 1 });
    const want = Buffer.concat([HEADER, tuple('1', 'hidden'), tuple('2', null), TRAILER]);
    expect(typeof copied === 'string' ? copied : Buffer.from(copied.bytes).toString('hex')).toBe(want.toString('hex'));
  });
  it.each([
    ['another signature', [Buffer.from('PGCOPX'), HEADER.subarray(6)]],
    ['flags', [HEADER.subarray(0, 11), Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])]],
    ['another number of columns', [HEADER, tuple('a')]],
    ['a negative length', [HEADER, Buffer.from('0002fffffffe', 'hex')]],
    ['a length beyond the limit', [HEADER, Buffer.from('00027fffffff', 'hex')]],
    ['bytes behind the trailer', [HEADER, TRAILER, Buffer.from([0])]],
    ['no trailer', [HEADER, tuple('a', 'b')]],
    ['an end within a row', [HEADER, tuple('a', 'b').subarray(0, 5)]],
  ])('answers an error for %s', (_note, chunks) => {
    expect(typeof copy({ format: 'binary' }, [null, hidden], chunks)).toBe('string');
  });
  it('refuses a long row at its lengths, before it is buffered', () => {
    const start = Buffer.concat([HEADER, Buffer.from('000200000060', 'hex'), Buffer.alloc(0x60), Buffer.from('00000060', 'hex')]);
    expect(copy({ format: 'binary' }, [null, hidden], [start], 100)).toMatch(/longer than the limit/);
  });
});

describe('any chunking of the bytes', () => {
  const samples: readonly [CopyFormat, readonly (CellMask | null)[], Buffer][] = [
    [{ format: 'text', header: true }, [null, shout], Buffer.from('id\tname\n1\tZoë\\tx\\\\\n2\t\\N\n3\t\n')],
    [{ format: 'csv' }, [null, shout], Buffer.from('1,"Zoë ""x""\n, y"\n2,\n3,""\n')],
    [{ format: 'csv', quote: "'", escape: '\\' }, [shout, null], Buffer.from("'a\\\\\\'\n',b\nc,'\\''\n")],
    [{ format: 'binary' }, [null, shout], Buffer.concat([HEADER, tuple('1', 'Zoë'), tuple('2', null), tuple('', ''), TRAILER])],
  ];

  it.each(samples)('splits at every byte: %j', (format, cells, input) => {
    const whole = copy(format, cells, [input]);
    expect(typeof whole).toBe('object');
    for (let at = 0; at <= input.length; at++) expect(copy(format, cells, [input.subarray(0, at), input.subarray(at)])).toEqual(whole);
    expect(
      copy(
        format,
        cells,
        [...input].map((byte) => new Uint8Array([byte])),
      ),
    ).toEqual(whole);
  });

  it('never throws on hostile bytes, and gives the same for every chunking', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.uint8Array({ maxLength: 60 }),
        fc.boolean(),
        fc.nat({ max: 100 }),
        ([format, cells, start], noise, cut, at) => {
          const input = Buffer.concat([cut ? start.subarray(0, at) : start, noise]);
          const split = at % (input.length + 1);
          const whole = copy(format, cells, [input], 64);
          const parts = copy(format, cells, [input.subarray(0, split), input.subarray(split)], 64);
          if (typeof whole === 'object') expect(parts).toEqual(whole);
          else expect(typeof parts).toBe('string');
        },
      ),
      { numRuns: 1000 },
    );
  });

  const pieces = ['', 'a', 'Zoë', '\t', '\n', '\\', '"', "'", ',', ' ', '\\N', '\\.', '\r', 'x'.repeat(30)];
  const value = fc.array(fc.constantFrom(...pieces), { maxLength: 4 }).map((parts) => parts.join(''));
  const rows = fc.array(fc.tuple(fc.option(value), fc.option(value), fc.option(value)), { maxLength: 6 });
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 });

  /** A row as the server writes it. */
  function written(format: CopyFormat, values: readonly (string | null)[]): Buffer {
    switch (format.format) {
      case 'binary':
        return tuple(...values);
      case 'csv':
        return Buffer.from(`${values.map((cell) => (cell === null ? '' : `"${cell.replaceAll('"', '""')}"`)).join(',')}\n`);
      case 'text':
        return Buffer.from(`${values.map((cell) => (cell === null ? '\\N' : escapedText(cell))).join('\t')}\n`);
    }
  }
  const LETTERS: Readonly<Record<string, string>> = { '\t': 't', '\n': 'n', '\r': 'r', '\\': '\\' };
  const escapedText = (cell: string): string => cell.replaceAll(/[\t\n\r\\]/g, (character) => `\\${LETTERS[character] ?? ''}`);

  it.each<CopyFormat>([{ format: 'text' }, { format: 'csv' }, { format: 'binary' }])('gives each mask its values: %j', (format) => {
    fc.assert(
      fc.property(rows, cuts, (values, offsets) => {
        const whole = Buffer.concat([
          ...(format.format === 'binary' ? [HEADER] : []),
          ...values.map((row) => written(format, row)),
          ...(format.format === 'binary' ? [TRAILER] : []),
        ]);
        const at = [0, ...offsets.map((offset) => Math.min(offset, whole.length)), whole.length].sort((a, b) => a - b);
        const once = shownBy(
          format,
          at.slice(1).map((end, index) => whole.subarray(at[index], end)),
        );
        const want = values.flatMap(([first, , third]) => [first, third]).filter((cell) => cell !== null);
        expect(once).toMatchObject({ seen: want, rows: values.length, maskedCells: want.length });
        // What was written is read as the same values again.
        expect(shownBy(format, [once.bytes])).toMatchObject({ seen: want, rows: values.length, bytes: once.bytes });
      }),
      { numRuns: 300 },
    );
  });

  /** A copy under masks of the first and the third column that give back what they are given. */
  function shownBy(format: CopyFormat, chunks: readonly Uint8Array[]): Copied & { readonly seen: readonly string[] } {
    const seen: string[] = [];
    const over = (buffer: Uint8Array, start: number, end: number): Uint8Array => {
      seen.push(text(buffer.subarray(start, end)));
      return buffer.slice(start, end);
    };
    const copied = copy(
      format,
      [Object.assign((cell: Uint8Array) => over(cell, 0, cell.length), { over }), null, (cell) => over(cell, 0, cell.length)],
      chunks,
    );
    if (typeof copied === 'string') throw new Error(copied);
    return { ...copied, seen };
  }

  it('takes linear time for a row that comes byte by byte', () => {
    const row = utf8(`${'x'.repeat(500_000)}\n`);
    const from = performance.now();
    copy(
      { format: 'text' },
      [hidden],
      Array.from(row, (byte) => new Uint8Array([byte])),
      1_000_000,
    );
    copy(
      { format: 'csv' },
      [hidden],
      Array.from(row, (byte) => new Uint8Array([byte])),
      1_000_000,
    );
    // Quadratic time would be more than 20 s of copying.
    expect(performance.now() - from).toBeLessThan(15_000);
  });
});

/** A COPY TO STDOUT as node-postgres runs a query of its caller's own. */
class CopyOut {
  readonly chunks: Uint8Array[] = [];
  readonly done: Promise<void>;
  readonly #sql: string;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(sql: string) {
    this.#sql = sql;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  submit(connection: { query(sql: string): void }): void {
    connection.query(this.#sql);
  }
  handleCopyData(message: { chunk: Buffer }): void {
    this.chunks.push(new Uint8Array(message.chunk));
  }
  handleCommandComplete(): void {}
  handleReadyForQuery(): void {
    this.#settle?.resolve();
  }
  handleError(error: Error): void {
    this.#settle?.reject(error);
  }
}

/** A COPY FROM STDIN of the given bytes. */
class CopyIn extends CopyOut {
  readonly #bytes: Uint8Array;
  constructor(sql: string, bytes: Uint8Array) {
    super(sql);
    this.#bytes = bytes;
  }
  handleCopyInResponse(connection: { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void }): void {
    connection.sendCopyFromChunk(Buffer.from(this.#bytes));
    connection.endCopyFrom();
  }
}

const server = findPostgres(18);

(requireOrSkip(server) ? describe : describe.skip)('copies against PostgreSQL', () => {
  let running: PostgresServer;
  let client: pg.Client;

  beforeAll(async () => {
    running = await startPostgres();
    client = new pg.Client({ connectionString: running.url() });
    await client.connect();
    await client.query(`create table people (id int, name text, born date, score numeric, tags text[])`);
    await client.query(`create table masked (like people)`);
    const odd = [...nastyTexts(), null];
    for (const [id, name] of odd.entries()) {
      await client.query('insert into people values ($1, $2, $3, $4, $5)', [
        id,
        name,
        id % 3 === 0 ? null : '1987-11-23',
        '-12.5',
        ['a', name],
      ]);
    }
  });
  afterAll(async () => {
    await client?.end();
    await running?.stop();
  });

  function nastyTexts(): string[] {
    const pieces = ['', 'Zoë', '\\N', 'N', '\\.', ',', '"', '""', "'", '\n', '\r\n', '\t', '\\', ' ', 'nil', '\b\f\v', '|', ';', '😀'];
    return [...pieces, ...pieces.map((piece) => `a${piece}b${piece}`)];
  }

  async function copyOut(sql: string): Promise<readonly Uint8Array[]> {
    const out = client.query(new CopyOut(sql) as unknown as pg.Submittable) as unknown as CopyOut;
    await out.done;
    return out.chunks;
  }

  const options: readonly [string, CopyFormat][] = [
    ['format text', { format: 'text' }],
    [`format text, delimiter '|', header true`, { format: 'text', delimiter: '|', header: true }],
    ['format csv', { format: 'csv' }],
    [`format csv, header true, null 'nil', force_quote *`, { format: 'csv', header: true, nullText: 'nil' }],
    [`format csv, delimiter ';', quote '''', escape '\\'`, { format: 'csv', delimiter: ';', quote: "'", escape: '\\' }],
    ['format binary', { format: 'binary' }],
  ];

  it.each(options)('gives rows that the server reads back, masked as by SQL: %s', async (sql, format) => {
    const wire = format.format === 'binary' ? 'binary' : 'text';
    const cells = [
      null,
      maskFor({ kind: 'partial', prefix: 1, suffix: 1, pad: '"' }, 25, wire),
      maskFor({ kind: 'date_trunc', unit: 'year' }, 1082, wire),
      maskFor({ kind: 'bucket', size: 10 }, 1700, wire),
      maskFor({ kind: 'default' }, 1009, wire),
    ];
    const chunks = await copyOut(`copy (select * from people order by id) to stdout (${sql})`);
    const copied = copy(format, cells, chunks);
    if (typeof copied === 'string') throw new Error(copied);
    await client.query('truncate masked');
    // FORCE_QUOTE is for output only.
    const back = new CopyIn(`copy masked from stdin (${sql.replace(', force_quote *', '')})`, copied.bytes);
    await (client.query(back as unknown as pg.Submittable) as unknown as CopyIn).done;
    const { rows } = await client.query<{ wrong: string }>(`
      select count(*) as wrong from people p full join masked m using (id)
      where m.name is distinct from
          case when char_length(p.name) <= 2 then repeat('"', char_length(p.name))
               else left(p.name, 1) || repeat('"', char_length(p.name) - 2) || right(p.name, 1) end
        or m.born is distinct from date_trunc('year', p.born)::date
        or m.score is distinct from -20 or m.tags is distinct from '{}'`);
    expect(rows).toEqual([{ wrong: '0' }]);
    expect(copied.rows).toBe(nastyTexts().length + 1);
  });

  it('passes unmasked cells as they came, message by message', async () => {
    for (const [sql, format] of options) {
      const chunks = await copyOut(`copy people to stdout (${sql})`);
      const answer = createCopyMasker(format, [null, null, null, null, null], 10_000);
      if (answer.kind !== 'masker') throw new Error(answer.reason);
      for (const chunk of chunks) {
        const pushed = push(answer.masker, chunk);
        expect(pushed.kind === 'bytes' && Buffer.from(pushed.bytes)).toEqual(Buffer.from(chunk));
      }
      expect(answer.masker.end().kind).toBe('bytes');
    }
  });
});
