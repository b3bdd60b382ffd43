import type { Writable } from 'node:stream';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const satisfies Record<
  Style,
  readonly [number, number]
>;

/** One of the process's output streams. What is written after its reader has gone away is dropped. */
export interface Terminal {
  readonly colour: boolean;
  /** Columns of the window; 100 where there is none. */
  readonly columns: number;
  /** The reader has gone away: there is nothing more to write for. */
  readonly closed: boolean;
  line(text?: string): void;
  /** A promise while its reader lags behind what was written: whoever writes without end waits for it. */
  readonly lagging: Promise<void> | undefined;
  /** The text in a style, where styles are wanted. */
  style(style: Style, text: string): string;
}

type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Colour only on a terminal, and not where NO_COLOR (no-color.org) or TERM=dumb asks for none. */
export function terminal(stream: OutputStream, env: NodeJS.ProcessEnv = process.env): Terminal {
  const isTty = stream.isTTY === true;
  const colour = isTty && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  let closed = false;
  // A reader such as `head` may leave early (EPIPE). The command goes on to its exit status, which may say more than its output.
  stream.on('error', () => {
    closed = true;
  });
  return {
    colour,
    get columns() {
      return isTty && stream.columns !== undefined && stream.columns > 0 ? stream.columns : 100;
    },
    get closed() {
      return closed;
    },
    line(text = '') {
      if (!closed) stream.write(`${text}\n`);
    },
    get lagging() {
      return closed || !stream.writableNeedDrain ? undefined : drained(stream);
    },
    style(style, text) {
      if (!colour || text === '') return text;
      const [on, off] = CODES[style];
      return `\u001b[${on}m${text}\u001b[${off}m`;
    },
  };
}

/** Resolves when there is room again, or nobody who reads. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'error', 'close']) stream.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'error', 'close']) stream.on(event, done);
  });
}

/** Text of others for a terminal: what could steer the terminal or hide text is shown as `\u{…}`; line ends and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** {@link printable} on one line, cut to `width` characters. */
export function oneLine(text: string, width: number): string {
  const characters = [...printable(text).replaceAll(/\s+/g, ' ').trim()];
  return characters.length <= width ? characters.join('') : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Rows as aligned columns, two spaces between them. Cells must be on one line and without styles. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, [...cell].length);
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - [...cell].length)))
      .join('  ')
      .trimEnd(),
  );
}

/** Text in lines of at most `width` characters, broken at spaces; words that are longer stay whole. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
