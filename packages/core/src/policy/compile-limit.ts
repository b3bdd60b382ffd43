import { compileMatch } from './compile-rule.js';
import type { CompiledLimit } from './compiled.js';
import type { AmountSource, LimitSource } from './document.js';
import { durationMs } from './duration.js';
import type { ProblemSink } from './policy-error.js';
import type { LimitAmount, LimitedThing } from './verdict.js';

type Path = readonly (string | number)[];

const PER_STATEMENT = 'statement';

/** A limit of the policy with its defaults filled in. Problems go to `sink`. */
export function compileLimit(source: LimitSource, path: Path, sink: ProblemSink): CompiledLimit {
  const amounts = [
    ...amountOf('rows-returned', source.rowsReturned, [...path, 'rowsReturned'], sink),
    ...amountOf('rows-affected', source.rowsAffected, [...path, 'rowsAffected'], sink),
    ...amountOf('statements', source.statements, [...path, 'statements'], sink),
  ];
  if (amounts.length === 0) sink.add(path, `"${source.id}" limits nothing; write rowsReturned, rowsAffected or statements`);
  return {
    id: source.id,
    message: source.message,
    each: source.each ?? 'identity',
    amounts,
    ...compileMatch(source.match ?? {}, [...path, 'match'], sink),
  };
}

function amountOf(what: LimitedThing, source: AmountSource | undefined, path: Path, sink: ProblemSink): LimitAmount[] {
  if (source === undefined) return [];
  const { max, per = PER_STATEMENT } = source;
  if (per === PER_STATEMENT) {
    if (what === 'statements') sink.add([...path, 'per'], 'statements are counted over time; write a duration like "1m"');
    return [{ what, max, perMs: undefined }];
  }
  const perMs = durationMs(per);
  if (perMs === undefined) sink.add([...path, 'per'], `"${per}" is neither "statement" nor a duration; write one like "1h"`);
  return [{ what, max, perMs }];
}
