export { type Case, loadCases } from './case-file.js';
export { judge } from './judge.js';
export { CaseAnalysis, parseCases, type ParsedCase } from './world.js';
