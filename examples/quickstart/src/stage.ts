import { type Style, terminal, wrapped } from '@sqlwarden/cli';

const WIDTH = 96;
const out = terminal(process.stdout);

/** What the audience sees. Colour only on a terminal. */
export const stage = {
  style: (style: Style, text: string): string => out.style(style, text),

  line(text = ''): void {
    out.line(text);
  },

  title(text: string): void {
    out.line();
    out.line(out.style('bold', text));
    out.line(out.style('dim', '═'.repeat(WIDTH)));
  },

  /** Begins an act. */
  act(number: number, text: string): void {
    const head = `${number}  ${text} `;
    out.line();
    out.line(`${out.style('bold', head)}${out.style('dim', '─'.repeat(Math.max(0, WIDTH - head.length)))}`);
  },

  /** What is going on, in words. */
  say(text: string): void {
    out.line();
    for (const line of wrapped(text, WIDTH - 2)) out.line(`  ${line}`);
  },

  /** Somebody sends a statement. */
  sends(who: string, sql: string): void {
    for (const [at, line] of sql.split('\n').entries()) {
      out.line(`    ${at === 0 ? out.style('cyan', who.padEnd(13)) : ' '.repeat(13)}${out.style('dim', at === 0 ? '>' : ' ')} ${line}`);
    }
  },

  /** What came back. */
  gets(text: string, style?: Style): void {
    for (const [at, line] of text
      .split('\n')
      .flatMap((long) => wrapped(long, WIDTH - 20))
      .entries()) {
      const mark = out.style('dim', at === 0 ? '<' : ' ');
      out.line(`    ${' '.repeat(13)}${mark} ${style === undefined ? line : out.style(style, line)}`);
    }
  },

  /** A command and what it wrote. */
  command(command: string, output: string, note = ''): void {
    out.line();
    out.line(`    ${out.style('bold', `$ ${command}`)}${note === '' ? '' : out.style('dim', `   # ${note}`)}`);
    for (const line of output.trimEnd().split('\n')) out.line(`    ${line}`);
  },

  /** A question and its answer. */
  answer(question: string, lines: readonly string[]): void {
    out.line();
    out.line(`  ${out.style('bold', question)}`);
    for (const text of lines) for (const [at, line] of wrapped(text, WIDTH - 6).entries()) out.line(`    ${at === 0 ? '' : '  '}${line}`);
  },

  table(rows: readonly (readonly string[])[]): void {
    const widths: number[] = [];
    for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
    out.line();
    for (const [at, row] of rows.entries()) {
      const text = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ');
      out.line(`    ${at === 0 ? out.style('dim', text.trimEnd()) : text.trimEnd()}`);
    }
  },
};
