/** Just enough of JavaScript to find where statements and brackets end in what esbuild prints: one statement begins each line at the least. */

const OPENING = '([{';
const CLOSING = ')]}';

/** The position after the text, comment or template at `at`; `at` when there is none. */
function skipped(text, at) {
  const character = text[at];
  if (character === '"' || character === "'" || character === '`') {
    for (let next = at + 1; next < text.length; next++) {
      if (text[next] === '\\') next++;
      else if (text[next] === character) return next + 1;
      else if (character === '`' && text.startsWith('${', next)) next = closing(text, next + 1);
    }
    return text.length;
  }
  if (text.startsWith('//', at)) return text.indexOf('\n', at);
  if (text.startsWith('/*', at)) return text.indexOf('*/', at) + 2;
  return at;
}

/** The position of the bracket that closes the one at `at`. */
export function closing(text, at) {
  let depth = 0;
  for (let next = at; next < text.length; ) {
    const after = skipped(text, next);
    if (after !== next) next = after;
    else {
      if (OPENING.includes(text[next])) depth++;
      else if (CLOSING.includes(text[next]) && --depth === 0) return next;
      next++;
    }
  }
  throw new Error('a bracket is not closed');
}

/** The elements between the brackets at `at`, without blanks around them. */
export function argumentsOf(text, at) {
  const end = closing(text, at);
  const elements = [];
  let from = at + 1;
  for (let next = at + 1; next <= end; ) {
    const after = skipped(text, next);
    if (after !== next) next = after;
    else if (OPENING.includes(text[next])) next = closing(text, next) + 1;
    else {
      if (text[next] === ',' || next === end) {
        const element = trimmed(text, from, next);
        if (element.from < element.to) elements.push(element);
        from = next + 1;
      }
      next++;
    }
  }
  return elements;
}

function trimmed(text, from, to) {
  while (from < to && /\s/.test(text[from])) from++;
  while (from < to && /\s/.test(text[to - 1])) to--;
  return { from, to };
}

/** The position after the semicolon that ends the statement at `from`. */
export function statementEnd(text, from) {
  for (let next = from; next < text.length; ) {
    const after = skipped(text, next);
    if (after !== next) next = after;
    else if (OPENING.includes(text[next])) next = closing(text, next) + 1;
    else if (text[next++] === ';') return next;
  }
  throw new Error('a statement does not end');
}

/** Where statements begin: at the beginning of a line after what ends one, and behind the condition of an `if` or `for` on one line. */
export function statementStarts(text, start, end) {
  const starts = [];
  for (const match of text.slice(start, end).matchAll(/^[ \t]*(?=\S)/gm)) {
    let at = start + match.index + match[0].length;
    const before = text.slice(start, start + match.index).trimEnd();
    const head = /^(?:else )?(?:if|for) (?=\()/.exec(text.slice(at, at + 12));
    if (head !== null) {
      at = closing(text, at + head[0].length) + 1;
      while (/\s/.test(text[at])) at++;
      if (text[at] !== '{') starts.push(at);
    } else if (text.startsWith('else ', at)) starts.push(at + 5);
    else if (before === '' || /[;{}:]$/.test(before)) starts.push(at);
  }
  return starts;
}
