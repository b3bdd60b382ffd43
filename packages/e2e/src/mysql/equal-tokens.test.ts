import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type CellType, compileMask, type CompileTools, type Dialect, type MaskFunction, type ResultColumn } from '@sqlwarden/core';
import { mysqlDialect } from '@sqlwarden/mysql';
import { postgresDialect } from '@sqlwarden/postgres';

const tools: CompileTools = {
  hash: {
    sha256: (data) => createHash('sha256').update(data).digest(),
    hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
    pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
  },
  maskKey: new Uint8Array(32).fill(3),
  compilePattern: () => ({ test: () => false, replaceAll: (text) => text }),
};

const TOKEN: MaskFunction = { kind: 'token', domain: 'people' };
const HASH: MaskFunction = { kind: 'hash' };

/** A column as headers describe it. MySQL's detail: flags, the collation from bit 16 on, decimals from bit 32 on. */
function column(dialect: Dialect, typeId: number, typeModifier: number, typeDetail?: number): CellType {
  const header: ResultColumn = { name: 'c', relationId: 0, columnNumber: 0, typeId, typeModifier, format: 'text' };
  return dialect.cellType(typeDetail === undefined ? header : { ...header, typeDetail });
}

const postgres = (typeId: number, typeModifier = -1): CellType => column(postgresDialect, typeId, typeModifier);
const mysql = (typeId: number, length: number, collation: number, flags = 0, decimals = 0): CellType =>
  column(mysqlDialect, typeId, length, flags + collation * 2 ** 16 + decimals * 2 ** 32);

const UTF8MB4 = 45;
const LATIN1 = 8;
const BINARY = 63;

function shown(type: CellType, fn: MaskFunction, format: 'text' | 'binary', canonical: string): string | undefined {
  const compiled = compileMask(fn, 'pii', type, { format }, tools);
  const cell = type.fromText(canonical, format);
  if (compiled.kind !== 'mask' || cell === undefined) throw new Error(`no ${fn.kind} of ${canonical}`);
  const masked = compiled.mask(cell);
  return masked === null ? undefined : type.toText(masked, format);
}

describe('a value that two databases have', () => {
  it.each<[string, CellType, readonly CellType[], string]>([
    ['text', postgres(25), [mysql(253, 400, UTF8MB4), mysql(252, 65_535, LATIN1), mysql(254, 400, UTF8MB4)], 'Zoë Müller'],
    ['varchar(30)', postgres(1043, 34), [mysql(253, 120, UTF8MB4)], 'ann@example.com'],
    ['character(40)', postgres(1042, 44), [mysql(254, 160, UTF8MB4)], 'ann'],
    ['bigint', postgres(20), [mysql(8, 20, BINARY), mysql(8, 20, BINARY, 0x20)], '9007199254740993'],
    ['numeric', postgres(1700, ((30 << 16) | 2) + 4), [mysql(246, 32, BINARY, 0, 2)], '1234.50'],
    ['uuid', postgres(2950), [mysql(254, 144, UTF8MB4, 0xa0)], '12345678-9abc-4def-8123-456789abcdef'],
    ['bytea', postgres(17), [mysql(252, 65_535, BINARY, 0x90), mysql(253, 40, BINARY, 0x80)], '00ff10'],
  ])('has the same token and the same hash in both: %s', (_, theirs, ours, value) => {
    for (const fn of [TOKEN, HASH]) {
      const want = shown(theirs, fn, 'text', value);
      expect(want).toBeDefined();
      const of = (type: CellType, format: 'text' | 'binary'): string | undefined => {
        const text = shown(type, fn, format, value);
        // Numbers of a fixed scale have zeros behind the point.
        return text?.replace(/\.0+$/, '');
      };
      expect(of(theirs, 'binary')).toBe(of(theirs, 'text'));
      for (const type of ours) for (const format of ['text', 'binary'] as const) expect(of(type, format)).toBe(of(theirs, 'text'));
    }
  });
});
