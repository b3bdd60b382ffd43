import { createHash } from 'node:crypto';
import path from 'node:path';
import { type CompiledPolicy, compilePolicy, type PolicyDocument, type PolicyError, type PolicyTest } from '@sqlwarden/core';
import { ConfigError, formatPath, type SourceProblem } from '../config/config-error.js';
import { expandGlob } from '../config/expand-glob.js';
import { checkDocument, readConfigFile } from '../config/read-document.js';
import type { YamlSource } from '../config/yaml-source.js';
import { compilePattern } from './compile-pattern.js';

/** A policy file as it was read. */
export interface PolicyFile {
  /** As messages show it: relative to the base directory when it is inside. */
  readonly path: string;
  /** Hex SHA-256 of its bytes. */
  readonly sha256: string;
}

/** A test of a policy file and where it is written. */
export interface LocatedTest {
  readonly file: string;
  readonly line: number;
  readonly test: PolicyTest;
}

export interface LoadedPolicies {
  readonly policy: CompiledPolicy;
  readonly documents: readonly PolicyDocument[];
  readonly tests: readonly LocatedTest[];
  /**
   * Names exactly these files' contents in this order: hex SHA-256 over the lower-case hex SHA-256 of each file, each followed by a line
   * feed (`sha256sum policy/*.yaml | cut -d' ' -f1 | sha256sum`).
   */
  readonly digest: string;
  readonly files: readonly PolicyFile[];
}

interface ReadPolicy {
  readonly source: YamlSource;
  readonly document: PolicyDocument;
}

/**
 * Loads policy files: patterns in their order, the files of one pattern sorted, each file once. Relative patterns are taken from
 * `baseDirectory`. Throws a {@link ConfigError} with every problem of every file (`policy-invalid`), or one that names a file that cannot be
 * read; a pattern that no file fits is a problem too, because an empty policy is never what was meant.
 */
export function loadPolicies(globs: readonly string[], baseDirectory: string): LoadedPolicies {
  const problems: SourceProblem[] = [];
  const policies: ReadPolicy[] = [];
  const files: PolicyFile[] = [];
  for (const file of filesOf(globs, baseDirectory, problems)) {
    const shown = shownPath(file, baseDirectory);
    const bytes = readConfigFile(file);
    files.push({ path: shown, sha256: sha256(bytes) });
    const checked = checkDocument(bytes, shown, 'policy');
    if (checked.ok) policies.push({ source: checked.source, document: { ...(checked.source.value as PolicyDocument), file: shown } });
    else problems.push(...checked.problems);
  }
  if (problems.length > 0) throw new ConfigError('policy-invalid', problems);
  return {
    policy: compile(policies),
    documents: policies.map(({ document }) => document),
    tests: policies.flatMap(testsOf),
    digest: sha256(files.map((file) => `${file.sha256}\n`).join('')),
    files,
  };
}

function filesOf(globs: readonly string[], baseDirectory: string, problems: SourceProblem[]): ReadonlySet<string> {
  const files = new Set<string>();
  for (const glob of globs) {
    const found = expandGlob(path.resolve(baseDirectory, glob));
    if (found.length === 0)
      problems.push({ file: glob, line: 0, column: 0, path: '', message: 'no file fits this pattern; correct it or add a policy' });
    for (const file of found) files.add(file);
  }
  return files;
}

function shownPath(file: string, baseDirectory: string): string {
  const relative = path.relative(baseDirectory, file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function compile(policies: readonly ReadPolicy[]): CompiledPolicy {
  try {
    return compilePolicy(
      policies.map(({ document }) => document),
      { compilePattern },
    );
  } catch (error) {
    if (!isPolicyError(error)) throw error;
    const problems = error.problems.flatMap(({ document, path: where, message }) => {
      const source = policies[document]?.source;
      return source === undefined ? [] : [{ file: source.file, ...source.locate(where), path: formatPath(where), message }];
    });
    throw new ConfigError('policy-invalid', problems);
  }
}

function isPolicyError(error: unknown): error is PolicyError {
  return error instanceof Error && error.name === 'PolicyError' && 'problems' in error;
}

function testsOf({ source, document }: ReadPolicy): LocatedTest[] {
  return (document.tests ?? []).map((test, at) => ({ file: source.file, line: source.locate(['tests', at]).line, test }));
}
