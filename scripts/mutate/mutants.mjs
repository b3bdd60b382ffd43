import { argumentsOf, closing, statementEnd, statementStarts } from './javascript.mjs';

/**
 * Every way to break one rule: a statement that records something is left out, what a function says a value derives from is nothing, one of several
 * things that are put together is missing. A mutant is named for where it stands and what it changes, so that its name outlives other changes.
 */
export function mutantsOf({ text, regions }) {
  const names = new Map();
  return regions.flatMap(({ file, start, end }) => {
    const module = file.replace('packages/core/dist/sql/', '').replace('.js', '');
    const places = [...leftOut(text, start, end), ...nothing(text, start, end), ...missing(text, start, end)];
    return places.map(({ from, to, replacement = ';', what, isStatement = false }) => {
      const plain = `${module} ${functionAround(text, start, from)}: ${what}`;
      const count = (names.get(plain) ?? 0) + 1;
      names.set(plain, count);
      return { name: count === 1 ? plain : `${plain} (${count})`, isStatement, edit: { from, to, replacement } };
    });
  });
}

/** A call for its effect, or an assignment to what is gathered. */
const RECORDS =
  /^(?:[\w$]+(?:\.#?[\w$]+)*\.)?(?:use|useColumn|opaque|raise|flow|filtered|add|addStored|addUnexecuted|finish|set|push|link|other|equalPair|equal|joinColumns|condition)\w*\(/;
/** What was worked out before is kept, so that it is not worked out again: without it everything is as it was, but slower. */
const REMEMBERS = /^(?:[A-Z][A-Z_\d]*|memory|known)\.set\(/;
const GATHERS = /^[\w$.]*effects\.[\w$]+ (?:\|\|)?= /;

function leftOut(text, start, end) {
  return statementStarts(text, start, end).flatMap((from) => {
    const line = text.slice(from, from + 200);
    const call = RECORDS.exec(line);
    if ((call === null && !GATHERS.test(line)) || REMEMBERS.test(line)) return [];
    // A method of that name.
    if (call !== null && text.startsWith(' {', closing(text, from + call[0].length - 1) + 1)) return [];
    const to = statementEnd(text, from);
    return [{ from, to, isStatement: true, what: `without ${shown(text, from, to)}` }];
  });
}

/** Calls that make a value of others. */
const MAKES = /\b(?:derive|either|stacked|stored|counted|callValue|caseCondition|routineValue|applyRoutine|operatorValue|castValue)\d*\(/g;

function nothing(text, start, end) {
  const found = [];
  for (const match of text.slice(start, end).matchAll(MAKES)) {
    const from = start + match.index;
    if (/(?:function |[.#]|import )$/.test(text.slice(from - 9, from))) continue;
    const to = closing(text, from + match[0].length - 1) + 1;
    if (text.startsWith(' {', to)) continue;
    found.push({ from, to, replacement: 'NOTHING', what: `nothing for ${shown(text, from, to)}` });
  }
  return found;
}

/** One element of a list that is not all constants. */
function missing(text, start, end) {
  const found = [];
  for (let at = text.indexOf('[', start); at >= 0 && at < end; at = text.indexOf('[', at + 1)) {
    if (!/[=(:?,]\s*$|return $/.test(text.slice(at - 8, at))) continue;
    const elements = argumentsOf(text, at);
    if (elements.length < 2 || elements.every(({ from, to }) => /^(?:"|\d|[A-Z_]+$)/.test(text.slice(from, to)))) continue;
    if (/^(?:const|let|for \(const) \[/.test(text.slice(text.lastIndexOf('\n', at) + 1, at + 1).trim())) continue;
    const to = closing(text, at) + 1;
    // What a function takes apart is no list.
    if (/^(?: \})?(?:, [\w$]+)*\) (?:=>|\{)/.test(text.slice(to, to + 80))) continue;
    elements.forEach((element, index) => {
      // Words of the language are data, not rules.
      if (text[element.from] === '"' || text.startsWith('...`', element.from)) return;
      const rest = elements.filter((_, other) => other !== index).map((one) => text.slice(one.from, one.to));
      const what = `${shown(text, at, to)} without ${shown(text, element.from, element.to)}`;
      found.push({ from: at, to, replacement: `[${rest.join(', ')}]`, what });
    });
  }
  return found;
}

/** The name of the function or method that a place is in. */
function functionAround(text, start, at) {
  const before = text.slice(start, at);
  const names = [...before.matchAll(/^(?:(?:async )?function\*? |  (?:get |static )?)(#?[\w$]+)\([^;]*\) \{$/gm)];
  return names.at(-1)?.[1]?.replace(/\d+$/, '') ?? 'top level';
}

/** Without what esbuild adds to names that stand in several modules. */
function shown(text, from, to) {
  const whole = text
    .slice(from, to)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/([A-Za-z])\d+\b/g, '$1');
  return whole.length > 90 ? `${whole.slice(0, 87)}…` : whole;
}
