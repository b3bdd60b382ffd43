import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { ConfigError, type ConfigErrorCode, type SourceProblem } from './config-error.js';
import { schemaProblems } from './schema-problems.js';
import { parseYaml, type YamlSource } from './yaml-source.js';

/** Longest file of policy or configuration, in bytes. */
export const MAX_FILE_BYTES = 1024 * 1024;

export type SchemaName = 'policy' | 'config' | 'users' | 'revocations';

const validators = new Map<SchemaName, ValidateFunction>();

/** The published schema, compiled once. `x-write` says in messages what to write instead. */
function validatorOf(name: SchemaName): ValidateFunction {
  let validator = validators.get(name);
  if (validator === undefined) {
    const schema = JSON.parse(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8')) as object;
    const ajv = new Ajv({ allErrors: true, verbose: true, strictTypes: false, strictRequired: false });
    ajv.addKeyword({ keyword: 'x-write', schemaType: 'string' });
    validator = ajv.compile(schema);
    validators.set(name, validator);
  }
  return validator;
}

/** The bytes of a file of at most {@link MAX_FILE_BYTES}. Throws a {@link ConfigError} `file-unreadable` or `file-too-large`. */
export function readConfigFile(file: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw whole('file-unreadable', file, `cannot be read (${why}); check the path and its permissions`);
  }
  if (bytes.length > MAX_FILE_BYTES) throw whole('file-too-large', file, `is larger than ${MAX_FILE_BYTES} bytes; split it`);
  return bytes;
}

function whole(code: ConfigErrorCode, file: string, message: string): ConfigError {
  return new ConfigError(code, [{ file, line: 0, column: 0, path: '', message }]);
}

export type DocumentResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly problems: readonly SourceProblem[] };

/** UTF-8 YAML that has the shape of the schema, or every problem of it. */
export function checkDocument(bytes: Uint8Array, file: string, schema: SchemaName): DocumentResult {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { ok: false, problems: [{ file, line: 0, column: 0, path: '', message: 'is not UTF-8; save it as UTF-8' }] };
  }
  const parsed = parseYaml(text, file);
  if (!parsed.ok) return parsed;
  const validate = validatorOf(schema);
  if (validate(parsed.source.value)) return parsed;
  return { ok: false, problems: schemaProblems(validate.errors ?? [], parsed.source) };
}
