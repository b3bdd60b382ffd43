import { nearest } from '@sqlwarden/core';
import type { ErrorObject } from 'ajv';
import { formatPath, type SourceProblem } from './config-error.js';
import type { Path, YamlSource } from './yaml-source.js';

/** Keys that people look for and that are not there on purpose. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['password', 'write passwordFile or passwordEnvironment instead: configuration holds no secrets'],
  ['cert', 'write certificate instead'],
  ['approvers', 'write groups instead'],
  ['effect', 'write then instead'],
  ['when', 'write match instead'],
  ['timeout', 'write within instead'],
]);

interface Finding {
  readonly path: Path;
  readonly what: 'key' | 'value';
  readonly message: string;
}

/** What the schema has against a file, in the order of the file, each with its place. */
export function schemaProblems(errors: readonly ErrorObject[], source: YamlSource): SourceProblem[] {
  const problems = errors.flatMap((error) => {
    const finding = findingOf(error, source.value);
    if (finding === undefined) return [];
    const { path, what, message } = finding;
    return [{ file: source.file, ...source.locate(path, what), path: formatPath(path), message }];
  });
  const distinct = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...distinct.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

function findingOf(error: ErrorObject, value: unknown): Finding | undefined {
  const path = pathOf(error.instancePath, value);
  const schema = error.parentSchema as SchemaNode;
  const at = (message: string): Finding => ({ path, what: 'value', message });
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'if':
      // Its branch has said what is wrong.
      return undefined;
    case 'additionalProperties':
      return unknownKey([...path, String(params.additionalProperty)], Object.keys(schema.properties ?? {}));
    case 'required':
      return at(
        `lacks the key "${String(params.missingProperty)}"; ${writeFor(schema.properties?.[String(params.missingProperty)], 'write it')}`,
      );
    case 'enum':
      return at(notOneOf(error.data, schema));
    case 'const':
      return at(`is not ${JSON.stringify(params.allowedValue)}; write ${JSON.stringify(params.allowedValue)} instead`);
    case 'type':
      return at(
        `is ${kindOf(error.data)} where ${KINDS[String(params.type)] ?? String(params.type)} is needed; ${writeFor(schema, `write ${KINDS[String(params.type)] ?? 'one'}`)}`,
      );
    case 'minItems':
      return at(`is an empty list; ${writeFor(schema, 'write at least one value')}`);
    case 'minProperties':
      return at(`is empty; ${writeFor(schema, 'write at least one key')}`);
    case 'maxProperties':
      return at(`has several keys; ${writeFor(schema, 'write one of them')}`);
    case 'minimum':
    case 'exclusiveMinimum':
    case 'maximum':
    case 'exclusiveMaximum':
      return at(`is out of range; write a number ${range(schema)}`);
    default:
      return at(`is not right here; ${writeFor(schema, 'look at the schema')}`);
  }
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly enum?: readonly unknown[];
  readonly 'x-write'?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
}

function unknownKey(path: Path, known: readonly string[]): Finding {
  const key = String(path.at(-1));
  const meant = nearest(key, known);
  const write = INSTEAD.get(key) ?? `write ${meant ?? `one of ${known.join(', ')}`} instead`;
  return { path, what: 'key', message: `is not a key that is known here; ${write}` };
}

function notOneOf(data: unknown, schema: SchemaNode): string {
  const allowed = (schema.enum ?? []).map(String);
  const shown = typeof data === 'string' && data.length <= 40 ? `"${data}"` : kindOf(data);
  const meant = typeof data === 'string' ? nearest(data, allowed) : undefined;
  if (meant !== undefined) return `is ${shown}, which is not known here; write ${meant} instead`;
  return `is ${shown}, which is not known here; write ${schema['x-write'] ?? `one of ${allowed.join(', ')}`} instead`;
}

function writeFor(schema: SchemaNode | undefined, otherwise: string): string {
  const write = schema?.['x-write'];
  return write === undefined ? otherwise : `write ${write}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  object: 'a mapping of keys to values',
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
};

function kindOf(data: unknown): string {
  if (data === null || data === undefined) return 'empty';
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'number') return Number.isInteger(data) ? 'a whole number' : 'a number';
  return KINDS[typeof data] ?? 'something else';
}

function range({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: SchemaNode): string {
  const from = minimum !== undefined ? `from ${minimum}` : exclusiveMinimum !== undefined ? `over ${exclusiveMinimum}` : '';
  const to = maximum !== undefined ? `up to ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : '';
  return [from, to].filter((part) => part !== '').join(' ');
}

/** A JSON Pointer (RFC 6901) as keys and positions. */
function pathOf(pointer: string, value: unknown): Path {
  const path: (string | number)[] = [];
  let at = value;
  for (const raw of pointer.split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(at) ? Number(step) : step);
    at = (at as Record<string, unknown> | null)?.[step];
  }
  return path;
}
