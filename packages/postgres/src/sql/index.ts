export { analyse, relationOutputs } from './analyse.js';
export { GRAMMAR_MAJORS, type GrammarMajor } from './grammar.js';
export { DEFAULT_LIMITS, type ParseLimits } from './limits.js';
export { createParser } from './parse.js';

/** The module of a parser worker (`Dialect.parserEntry`). */
