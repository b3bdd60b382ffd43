import { beforeAll, describe, expect, it } from '@jest/globals';
import { DIALECTS, loadCases } from './case-file.js';
import { judge } from './judge.js';
import { CaseAnalysis, parseCases, type ParsedCase } from './world.js';

const cases = loadCases();
const analysis = new CaseAnalysis();
let parsed: ReadonlyMap<unknown, ParsedCase>;

beforeAll(async () => {
  parsed = new Map((await parseCases(cases)).map((one) => [one.of, one]));
});

describe.each(DIALECTS)('%s', (dialect) => {
  const own = cases.filter((one) => one.dialect === dialect);

  it.each(own.map((one) => [`${one.file}: ${one.note}`, one] as const))('%s', (_, one) => {
    const found = parsed.get(one);
    if (found === undefined) throw new Error('the case was not parsed');
    const judgement = judge(one, analysis.find(found), found.defaultSchema);
    if (judgement.kind === 'different') expect(judgement.found).toEqual(judgement.wanted);
    expect(judgement.kind).toBe('as wanted');
  });
});
