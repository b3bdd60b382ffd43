import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of fetched schemas that SQLWARDEN_SCHEMAS names; docs/measurements.md says what is looked for in it and how to get it. */
export class SchemaFolder {
  readonly #root: string | undefined;
  readonly #missing: string[] = [];

  constructor(root: string | undefined = process.env['SQLWARDEN_SCHEMAS']) {
    this.#root = root === '' ? undefined : root;
  }

  /** Names of what was asked for and is not there, for the report. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** The text of a file; `undefined` when it is not there, which is nothing to report. */
  readIfThere(path: string): string | undefined {
    const file = this.#root === undefined ? undefined : join(this.#root, path);
    return file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  /** The text of a file; `undefined`, and recorded as missing, when it is not there. */
  read(path: string): string | undefined {
    const text = this.readIfThere(path);
    if (text === undefined) this.#missing.push(path);
    return text;
  }

  /** Names of the entries of a folder in order; empty, and recorded as missing, when it is not there. */
  list(path: string): readonly string[] {
    const folder = this.#root === undefined ? undefined : join(this.#root, path);
    if (folder !== undefined && existsSync(folder)) return readdirSync(folder).sort();
    this.#missing.push(path);
    return [];
  }
}
