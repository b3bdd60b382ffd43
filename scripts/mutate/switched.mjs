/**
 * The text with every mutant in it, each behind a question that the function `mutant` answers: whether that one is on. So all of them are compiled
 * once, and which of them a case comes past can be seen.
 */
export function switched(text, mutants) {
  const edits = mutants.map(({ edit, isStatement }, at) => ({ ...edit, isStatement, at }));
  edits.sort((a, b) => a.from - b.from || b.to - a.to);
  return rendered(text, 0, text.length, edits);
}

/** Edits stand beside or inside of one another, those around first. */
function rendered(text, start, end, edits) {
  let result = '';
  let at = start;
  for (let next = 0; next < edits.length; ) {
    const { from, to } = edits[next];
    const inside = edits.slice(next).filter((edit) => edit.from < to);
    const same = inside.filter((edit) => edit.from === from && edit.to === to);
    const original = rendered(text, from, to, inside.slice(same.length));
    result += text.slice(at, from) + same.reduce((otherwise, edit) => choice(edit, otherwise), original);
    at = to;
    next += inside.length;
  }
  return result + text.slice(at, end);
}

function choice({ at, isStatement, replacement }, original) {
  return isStatement ? `{ if (!mutant(${at})) ${original} }` : `(mutant(${at}) ? ${replacement} : ${original})`;
}
