import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileMask } from './compile.js';
import type { CellFamily, CellType, MaskFunction } from './mask.js';
import type { CompileTools } from './strategy.js';

const tools: CompileTools = {
  hash: {
    sha256: (data) => createHash('sha256').update(data).digest(),
    hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
    pbkdf2Sha256: (password, salt, iterations, length) => pbkdf2Sync(password, salt, iterations, length, 'sha256'),
  },
  maskKey: new Uint8Array(32).fill(7),
  compilePattern: (source) => {
    const pattern = new RegExp(source, 'gu');
    return { test: (text) => pattern.test(text), replaceAll: (text, by) => text.replace(pattern, () => by) };
  },
};

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A type whose cells are its canonical texts. */
function plainType(family: CellFamily, more: Partial<CellType> & { readonly zeroText?: string | null } = {}): CellType {
  const { zeroText = '', ...rest } = more;
  return {
    family,
    zero: () => (zeroText === null ? null : new TextEncoder().encode(zeroText)),
    toText: (cell) => {
      try {
        return decoder.decode(cell);
      } catch {
        return undefined;
      }
    },
    fromText: (text) => new TextEncoder().encode(text),
    ...rest,
  };
}

const text = plainType('text');
const integer = plainType('integer', { zeroText: '0', binaryBytes: 8 });
const numeric = plainType('numeric', { zeroText: '0' });
const float = plainType('float', { zeroText: '0', binaryBytes: 8 });

/** The masked text of a value; `null` for SQL NULL. */
function masked(fn: MaskFunction, type: CellType, value: string | Uint8Array, label = 'pii.test'): string | null {
  const compiled = compileMask(fn, label, type, { format: 'text' }, tools);
  if (compiled.kind === 'impossible') throw new Error(compiled.reason);
  const cell = compiled.mask(typeof value === 'string' ? new TextEncoder().encode(value) : value);
  return cell === null ? null : decoder.decode(cell);
}

function kindOf(fn: MaskFunction, type: CellType, notNull = false): string {
  return compileMask(fn, 'pii.test', type, { format: 'text', notNull }, tools).kind;
}

const PARTIAL = { kind: 'partial', prefix: 2, suffix: 2, pad: '*' } as const;

describe('null, default and block', () => {
  it('replaces by SQL NULL, or by the default where the column cannot carry NULL', () => {
    expect(masked({ kind: 'null' }, integer, '42')).toBeNull();
    const compiled = compileMask({ kind: 'null' }, 'l', integer, { format: 'text', notNull: true }, tools);
    expect(compiled).toMatchObject({ kind: 'default', reason: 'the column cannot carry null' });
    expect(compiled.kind === 'default' && decoder.decode(compiled.mask(new Uint8Array([52])) ?? undefined)).toBe('0');
  });
  it('replaces by the zero of the type', () => {
    expect(masked({ kind: 'default' }, integer, '42')).toBe('0');
    expect(masked({ kind: 'default' }, plainType('other', { zeroText: null }), 'x')).toBeNull();
  });
  it('finds no mask for a column that has neither zero nor NULL', () => {
    expect(kindOf({ kind: 'default' }, plainType('other', { zeroText: null }), true)).toBe('impossible');
  });
  it('never runs a column whose mask is block, or whose function is not known', () => {
    expect(kindOf({ kind: 'block' }, text)).toBe('impossible');
    expect(kindOf({ kind: 'scramble' } as unknown as MaskFunction, text)).toBe('impossible');
  });
});

describe('text masks', () => {
  it('keeps prefix and suffix by code points', () => {
    expect(masked(PARTIAL, text, 'abcdefg')).toBe('ab***fg');
    expect(masked(PARTIAL, text, '😀é漢字🎉z')).toBe('😀é**🎉z');
  });
  it('pads a value that is all prefix and suffix whole', () => {
    expect(masked(PARTIAL, text, 'abcd')).toBe('****');
    expect(masked(PARTIAL, text, '😀')).toBe('*');
    expect(masked(PARTIAL, text, '')).toBe('');
  });
  it('keeps the last four of eight and more', () => {
    expect(masked({ kind: 'last4' }, text, '4111111111111234')).toBe('************1234');
    expect(masked({ kind: 'last4' }, text, '1234567')).toBe('*******');
  });
  it.each([
    ['alice@example.com', 'a****@****.com'],
    ['a@example.com', '****@****.com'],
    ['éa@example.com', 'é****@****.com'],
    ['x.y@sub.example.co.uk', 'x****@****.uk'],
    ['root@localhost', 'r****@****'],
    ['alice@secretcompanyname.secretsecret', 'a****@****'],
    ['alice@example.c0m', 'a****@****'],
    ['"odd@local"@example.org', '"****@****.org'],
    ['no address at all', ''],
    ['@example.com', ''],
    ['alice@', ''],
  ])('masks the address %s as %s', (address, want) => {
    expect(masked({ kind: 'email' }, text, address)).toBe(want);
  });
  it('redacts by a constant, cut to the declared length', () => {
    expect(masked({ kind: 'redact', text: 'hidden' }, text, 'x')).toBe('hidden');
    expect(masked({ kind: 'redact', text: 'hid😀den' }, plainType('text', { maxLength: 4 }), 'x')).toBe('hid😀');
  });
  it('replaces the matches of a pattern, and falls to the default when it does not compile', () => {
    expect(masked({ kind: 'regex', pattern: '[0-9]+', replacement: '$&#' }, text, 'call 555 or 666')).toBe('call $&# or $&#');
    expect(kindOf({ kind: 'regex', pattern: '[', replacement: '' }, text)).toBe('default');
  });
  it.each([
    PARTIAL,
    { kind: 'last4' },
    { kind: 'email' },
    { kind: 'redact', text: 'x' },
    { kind: 'regex', pattern: 'a', replacement: '' },
  ] as const)('falls to the default for numbers: %j', (fn) => {
    expect(kindOf(fn, integer)).toBe('default');
    expect(masked(fn, integer, '123456789')).toBe('0');
  });
  it('turns malformed UTF-8 into the default', () => {
    expect(masked(PARTIAL, text, new Uint8Array([0x61, 0xff, 0xfe, 0x62, 0x63, 0x64]))).toBe('');
  });
  it('does not throw when the masked text is longer than a string may be', () => {
    expect(masked({ ...PARTIAL, pad: '*'.repeat(2 ** 20) }, text, 'x'.repeat(1024))).toBe('');
  });
});

describe('keyed masks', () => {
  it('hashes to hex, the same for equal values and labels only', () => {
    const one = masked({ kind: 'hash' }, text, 'alice');
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(masked({ kind: 'hash' }, text, 'alice')).toBe(one);
    expect(masked({ kind: 'hash' }, text, 'bob')).not.toBe(one);
    expect(masked({ kind: 'hash' }, text, 'alice', 'pii.other')).not.toBe(one);
    expect(masked({ kind: 'hash' }, plainType('text', { maxLength: 8 }), 'alice')).toBe(one?.slice(0, 8));
  });
  it('makes tokens that are equal across columns of one domain', () => {
    const fn = { kind: 'token', domain: 'people' } as const;
    const one = masked(fn, text, 'alice');
    // Pinned: a token that changes breaks every join with data that was exported before.
    expect(one).toBe('N3W4IIGVOAB77NWJ4LOX4VO2JQ');
    expect(one).toMatch(/^[A-Z2-7]{26}$/);
    expect(masked(fn, plainType('text', { maxLength: 26 }), 'alice', 'another.label')).toBe(one);
    expect(masked({ kind: 'token', domain: 'cards' }, text, 'alice')).not.toBe(one);
    expect(masked(fn, plainType('json'), 'alice')).toBe(`"${one}"`);
  });
  it('falls to the default rather than cut a token', () => {
    const fn = { kind: 'token', domain: 'people' } as const;
    expect(kindOf(fn, plainType('text', { maxLength: 25 }))).toBe('default');
    expect(kindOf(fn, plainType('integer', { binaryBytes: 4 }))).toBe('default');
    expect(kindOf(fn, plainType('numeric', { integerDigits: 10 }))).toBe('default');
    expect(kindOf(fn, plainType('boolean'))).toBe('default');
    expect(kindOf(fn, integer)).toBe('mask');
  });
  it('keeps the numeric type, and one token for one number', () => {
    const fn = { kind: 'token', domain: 'people' } as const;
    const one = masked(fn, integer, '42');
    expect(Number.isSafeInteger(Number(one))).toBe(true);
    expect(masked(fn, numeric, '42.00')).toBe(one);
    expect(Number(masked({ kind: 'hash' }, plainType('integer', { binaryBytes: 2 }), '42'))).toBeLessThan(2 ** 15);
  });
  it('makes a version 8 uuid', () => {
    expect(masked({ kind: 'hash' }, plainType('uuid'), '00000000-0000-4000-8000-000000000000')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
  it('has no hash of a boolean or a date: two values would tell everything', () => {
    expect(kindOf({ kind: 'hash' }, plainType('boolean'))).toBe('default');
    expect(kindOf({ kind: 'hash' }, plainType('date'))).toBe('default');
  });
});

describe('bucket', () => {
  it.each([
    [integer, 10, '57', '50'],
    [integer, 10, '-1', '-10'],
    [integer, 10, '0', '0'],
    [integer, 1000, '9223372036854775807', '9223372036854775000'],
    [numeric, 2.5, '7.49', '5.00'],
    [numeric, 0.05, '-0.01', '-0.05'],
    [numeric, 100, '12345678901234567890.5', '12345678901234567800.0'],
    [float, 0.5, '1.9', '1.5'],
    [numeric, 10, 'NaN', '0'],
    [float, 10, 'Infinity', '0'],
  ] as const)('rounds down: %#', (type, size, value, want) => {
    expect(masked({ kind: 'bucket', size }, type, value)).toBe(want);
  });
  it('falls to the default where it would hide nothing or does not apply', () => {
    for (const size of [1, 0, -5, 0.5, Number.NaN]) expect(kindOf({ kind: 'bucket', size }, integer)).toBe('default');
    expect(kindOf({ kind: 'bucket', size: 10 }, text)).toBe('default');
  });
});

describe('noise', () => {
  it('moves a number by at most the ratio, never to itself, the same every time', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (value) => {
        const moved = BigInt(masked({ kind: 'noise', ratio: 0.1 }, integer, String(value)) ?? '');
        expect(masked({ kind: 'noise', ratio: 0.1 }, integer, String(value))).toBe(String(moved));
        expect(moved).not.toBe(value);
        const by = moved > value ? moved - value : value - moved;
        expect(by <= 1n || by * 10n <= (value < 0n ? -value : value)).toBe(true);
        if (value > 0n) expect(moved >= 0n).toBe(true);
        if (value < 0n) expect(moved <= 0n).toBe(true);
      }),
    );
  });
  it('keeps the scale of decimals and gives equal values equal noise', () => {
    const one = masked({ kind: 'noise', ratio: 0.2 }, numeric, '100.50');
    expect(one).toMatch(/^\d+\.\d\d$/);
    expect(one).not.toBe('100.50');
  });
  it('moves floats', () => {
    for (const value of ['0', '1.5', '-273.15', '1e300', '5e-324']) {
      const moved = masked({ kind: 'noise', ratio: 0.01 }, float, value);
      expect(Number.isFinite(Number(moved))).toBe(true);
      expect(Number(moved)).not.toBe(Number(value));
    }
  });
});

describe('date_trunc', () => {
  const date = plainType('date', { zeroText: '1970-01-01' });
  const timestamp = plainType('timestamp', { zeroText: '1970-01-01 00:00:00' });
  it.each([
    [date, 'year', '2024-08-17', '2024-01-01'],
    [date, 'quarter', '2024-08-17', '2024-07-01'],
    [date, 'month', '2024-08-17', '2024-08-01'],
    [date, 'year', '0044-03-15 BC', '0044-01-01 BC'],
    [timestamp, 'day', '2024-08-17 13:45:59.123456', '2024-08-17 00:00:00'],
    [timestamp, 'hour', '2024-08-17 13:45:59.123456+05:30', '2024-08-17 13:00:00+05:30'],
    [timestamp, 'month', '12024-12-31 23:59:59+00', '12024-12-01 00:00:00+00'],
    [date, 'year', 'infinity', '1970-01-01'],
    [date, 'quarter', '0000-00-00', '1970-01-01'],
    [date, 'year', '17.08.2024', '1970-01-01'],
  ] as const)('cuts: %#', (type, unit, value, want) => {
    expect(masked({ kind: 'date_trunc', unit }, type, value)).toBe(want);
  });
  it('falls to the default where a date would stay what it is', () => {
    expect(kindOf({ kind: 'date_trunc', unit: 'day' }, date)).toBe('default');
    expect(kindOf({ kind: 'date_trunc', unit: 'year' }, text)).toBe('default');
  });
});

describe('what a masked cell tells', () => {
  const secret = fc.string({ minLength: 12, maxLength: 40, unit: 'grapheme' }).filter((value) => !value.includes('*'));
  it.each([
    { kind: 'null' },
    { kind: 'default' },
    { kind: 'redact', text: 'hidden' },
    PARTIAL,
    { kind: 'email' },
    { kind: 'last4' },
    { kind: 'hash' },
    { kind: 'token', domain: 'd' },
  ] as const)('never contains the raw text: %j', (fn) => {
    fc.assert(
      fc.property(secret, (raw) => {
        expect(masked(fn, text, raw) ?? '').not.toContain(raw);
      }),
    );
  });
  it('depends on nothing but what partial keeps and the length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), { minLength: 5 }),
        fc.string({ minLength: 1 }),
        (points, noise) => {
          const raw = points.join('');
          const all = [...raw];
          if (all.length < 5) return;
          const other = [...all.slice(0, 2), ...all.slice(2, -2).map((_, at) => noise[at % noise.length]), ...all.slice(-2)].join('');
          if ([...other].length !== all.length) return;
          expect(masked(PARTIAL, text, other)).toBe(masked(PARTIAL, text, raw));
        },
      ),
    );
  });
  it('is no view of the raw cell', () => {
    const raw = new TextEncoder().encode('alice@example.com');
    const compiled = compileMask(PARTIAL, 'l', text, { format: 'text' }, tools);
    const cell = compiled.kind === 'mask' ? compiled.mask(raw) : null;
    expect(cell?.buffer).not.toBe(raw.buffer);
  });
  it('takes linear time', () => {
    const time = (length: number): number => {
      const raw = new TextEncoder().encode('a1.-@'.repeat(length / 5));
      const from = performance.now();
      for (const fn of [PARTIAL, { kind: 'email' }, { kind: 'last4' }, { kind: 'hash' }] as const) masked(fn, text, decoder.decode(raw));
      for (const type of [integer, numeric, float]) masked({ kind: 'noise', ratio: 0.1 }, type, '9'.repeat(length));
      masked({ kind: 'date_trunc', unit: 'year' }, plainType('timestamp'), '1'.repeat(length));
      return performance.now() - from;
    };
    time(100_000);
    // Quadratic work on a million characters would take minutes.
    expect(time(1_000_000)).toBeLessThan(20_000);
  });
});

describe('round', () => {
  it.each<[string, CellType, number, string]>([
    ['149', integer, 100, '100'],
    ['150', integer, 100, '200'],
    ['-150', integer, 100, '-200'],
    ['-149', integer, 100, '-100'],
    ['1.25', numeric, 0.5, '1.50'],
    ['-0.2', numeric, 0.5, '0.0'],
    ['7391.7', float, 1000, '7000'],
    ['-7500', float, 1000, '-8000'],
  ])('%s', (value, type, to, want) => {
    expect(masked({ kind: 'round', to }, type, value)).toBe(want);
  });

  it('does not fit where it would hide nothing, or is no number', () => {
    expect(kindOf({ kind: 'round', to: 1 }, integer)).toBe('default');
    expect(kindOf({ kind: 'round', to: 2.5 }, integer)).toBe('default');
    expect(kindOf({ kind: 'round', to: 10 }, text)).toBe('default');
  });
});

describe('noise with bounds and a seed', () => {
  const noise = (more: object): MaskFunction => ({ kind: 'noise', ratio: 0.5, ...more }) as MaskFunction;

  it('stays within its bounds, and is the same every time', () => {
    for (const [type, value] of [
      [integer, '1000'],
      [numeric, '1000.00'],
      [float, '1000'],
    ] as const) {
      for (let seed = 0; seed < 40; seed++) {
        const fn = noise({ seed: String(seed), min: 990, max: 1010 });
        const shown = masked(fn, type, value);
        expect(Number(shown)).toBeGreaterThanOrEqual(990);
        expect(Number(shown)).toBeLessThanOrEqual(1010);
        expect(masked(fn, type, value)).toBe(shown);
      }
    }
  });

  it('moves otherwise under another seed', () => {
    const shown = new Set(Array.from({ length: 20 }, (_, seed) => masked(noise({ seed: String(seed) }), integer, '1000000')));
    expect(shown.size).toBeGreaterThan(15);
    expect(masked(noise({}), integer, '1000000')).not.toBe(masked(noise({ seed: 'a' }), integer, '1000000'));
  });

  it('does not fit when its bounds are no range, or no integers for integers', () => {
    expect(kindOf(noise({ min: 2, max: 1 }), float)).toBe('default');
    expect(kindOf(noise({ min: 0.5 }), integer)).toBe('default');
  });
});
