import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.js';

/** A file that the configuration names under `key`. Throws a {@link ConfigError} `file-unreadable` that says what to do. */
export function readNamedFile(configFile: string, file: string, key: string, advice: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw configProblem('file-unreadable', configFile, key, `${file} cannot be read (${why}); ${advice}`);
  }
}

/** One thing that is wrong with what a configuration names, at no place in the text. */
export function configProblem(code: 'config-invalid' | 'file-unreadable', file: string, path: string, message: string): ConfigError {
  return new ConfigError(code, [{ file, line: 0, column: 0, path, message }]);
}
