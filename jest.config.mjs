import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Test files run in several processes. Whatever is missing on this machine is appended to one file, which the reporter reads at the end.
process.env.SQLWARDEN_MISSING_FILE ??= join(tmpdir(), `sqlwarden-missing-${process.pid}.jsonl`);

/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>/packages', '<rootDir>/examples', '<rootDir>/scripts'],
  testMatch: ['**/src/**/*.test.ts', '<rootDir>/scripts/**/*.test.mjs'],
  modulePathIgnorePatterns: ['<rootDir>/(packages|examples)/[^/]+/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  resolver: '<rootDir>/scripts/jest-resolver.cjs',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testEnvironment: 'node',
  // Not among the temporary files, which do not outlive a run.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  testTimeout: 60_000,
  testSequencer: '<rootDir>/scripts/heavy-first.cjs',
  maxWorkers: 2,
  watchman: false,
  reporters: ['default', 'summary', '<rootDir>/scripts/jest-reporter.mjs'],
};
