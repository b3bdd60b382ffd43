import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { aligned, oneLine, printable, terminal, wrapped } from './terminal.js';

class Recording extends Writable {
  written = '';
  readonly columns = 120;
  readonly isTTY: boolean;

  constructor(isTty: boolean) {
    super();
    this.isTTY = isTty;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written += chunk.toString();
    done();
  }
}

describe('a terminal', () => {
  it.each([
    [true, {}, true],
    [true, { NO_COLOR: '' }, true],
    [true, { NO_COLOR: '1' }, false],
    [true, { TERM: 'dumb' }, false],
    [false, {}, false],
  ])('of isTTY %p with %p has colour: %p', (isTty, env, colour) => {
    const out = terminal(new Recording(isTty), env);
    expect(out.colour).toBe(colour);
    expect(out.style('red', 'x')).toBe(colour ? '\u001b[31mx\u001b[39m' : 'x');
  });

  it('drops what is written after its reader has gone', () => {
    const stream = new Recording(false);
    const out = terminal(stream, {});
    out.line('one');
    stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    out.line('two');
    expect([out.closed, stream.written]).toEqual([true, 'one\n']);
  });
});

describe('text of others', () => {
  it('cannot steer the terminal', () => {
    expect(printable('a\u001b[2Jb\r\u202Ec\nd\te')).toBe('a\\u{1b}[2Jb\\u{d}\\u{202e}c\nd\te');
  });

  it('fits on a line', () => {
    expect(oneLine('  select\n\t1  ', 20)).toBe('select 1');
    expect(oneLine('🙂🙂🙂🙂', 3)).toBe('🙂🙂…');
  });
});

describe('layout', () => {
  it('aligns columns, and leaves no blanks at the end', () => {
    expect(
      aligned([
        ['a', 'b'],
        ['ccc', ''],
        ['d', 'e'],
      ]),
    ).toEqual(['a    b', 'ccc', 'd    e']);
  });

  it('breaks lines at spaces', () => {
    expect(wrapped('one two three-and-more four', 9)).toEqual(['one two', 'three-and-more', 'four']);
  });
});
