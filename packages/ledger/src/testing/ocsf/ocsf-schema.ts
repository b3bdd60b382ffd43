import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/**
 * JSON Schema of event classes, made from a checkout of github.com/ocsf/ocsf-schema: its classes and objects extend one another, take in profiles
 * ("$include"), and take the types of their attributes from its dictionary. An attribute that a profile brings is there only in events with that profile.
 */

interface Attribute {
  readonly type?: string;
  readonly is_array?: boolean;
  readonly requirement?: 'required' | 'recommended' | 'optional';
  readonly enum?: Readonly<Record<string, unknown>>;
  readonly profile?: string | null;
}
interface Definition {
  readonly name?: string;
  readonly extends?: string;
  readonly uid?: number;
  readonly category?: string;
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] };
  readonly attributes: Readonly<Record<string, Attribute>> & { readonly $include?: string | readonly string[] };
}
interface ValueType {
  readonly type?: string;
  readonly regex?: string;
  readonly max_len?: number;
  readonly range?: readonly [number, number];
}
type JsonSchema = Record<string, unknown>;

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  string_t: { type: 'string' },
  integer_t: { type: 'integer' },
  long_t: { type: 'integer' },
  float_t: { type: 'number' },
  boolean_t: { type: 'boolean' },
  json_t: {},
};

export class OcsfSchema {
  readonly version: string;
  readonly #root: string;
  readonly #dictionary: Readonly<Record<string, Attribute>>;
  readonly #types: Readonly<Record<string, ValueType>>;
  readonly #categories: Readonly<Record<string, { readonly uid: number }>>;
  readonly #classes: ReadonlyMap<string, Definition>;
  readonly #objects: ReadonlyMap<string, Definition>;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(root: string) {
    this.#root = root;
    this.version = (this.#read('version.json') as { readonly version: string }).version;
    const dictionary = this.#read('dictionary.json') as {
      readonly attributes: Readonly<Record<string, Attribute>>;
      readonly types: { readonly attributes: Readonly<Record<string, ValueType>> };
    };
    this.#dictionary = dictionary.attributes;
    this.#types = dictionary.types.attributes;
    this.#categories = (
      this.#read('categories.json') as { readonly attributes: Readonly<Record<string, { readonly uid: number }>> }
    ).attributes;
    this.#classes = this.#all('events');
    this.#objects = this.#all('objects');
  }

  /** What is wrong with an event; empty when nothing is. */
  problems(event: Readonly<Record<string, unknown>>): readonly string[] {
    const { profiles = [] } = event['metadata'] as { readonly profiles?: readonly string[] };
    const name = this.#nameOf(Number(event['class_uid']));
    if (name === undefined) return [`there is no class ${String(event['class_uid'])}`];
    const key = [name, ...[...profiles].sort()].join();
    const validate = this.#compiled.get(key) ?? this.#compile(name, new Set(profiles));
    this.#compiled.set(key, validate);
    const found = validate(event)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
    if (Number(event['type_uid']) !== Number(event['class_uid']) * 100 + Number(event['activity_id']))
      found.push('type_uid is not made of class and activity');
    const missing = profiles.filter((profile) => !readdirSync(join(this.#root, 'profiles')).includes(`${profile}.json`));
    return [...found, ...missing.map((profile) => `there is no profile ${profile}`)];
  }

  #compile(name: string, profiles: ReadonlySet<string>): ValidateFunction {
    const definitions: Record<string, JsonSchema> = {};
    const schema = this.#schemaOf(this.#class(name), profiles, definitions);
    const { uid, category } = this.#class(name);
    const categoryUid = this.#categories[category ?? '']?.uid ?? 0;
    const fixed = { properties: { class_uid: { const: categoryUid * 1000 + (uid ?? 0) }, category_uid: { const: categoryUid } } };
    return new Ajv2020({ allErrors: true, strict: false, unicodeRegExp: false }).compile({ allOf: [fixed], ...schema, $defs: definitions });
  }

  #schemaOf({ attributes, constraints }: Definition, profiles: ReadonlySet<string>, definitions: Record<string, JsonSchema>): JsonSchema {
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const [name, attribute] of Object.entries(attributes as Readonly<Record<string, Attribute>>)) {
      if (typeof attribute.profile === 'string' && !profiles.has(attribute.profile)) continue;
      properties[name] = this.#property(name, attribute, profiles, definitions);
      if (attribute.requirement === 'required') required.push(name);
    }
    const choose = (names: readonly string[]) => names.map((one) => ({ required: [one] }));
    return {
      type: 'object',
      properties,
      required,
      additionalProperties: false,
      ...(constraints?.at_least_one !== undefined && { anyOf: choose(constraints.at_least_one) }),
      ...(constraints?.just_one !== undefined && { oneOf: choose(constraints.just_one) }),
    };
  }

  #property(name: string, own: Attribute, profiles: ReadonlySet<string>, definitions: Record<string, JsonSchema>): JsonSchema {
    const known = this.#dictionary[name];
    if (known === undefined) throw new Error(`the dictionary has no attribute ${name}`);
    const type = own.type ?? known.type ?? 'string_t';
    // Those of the base event are of the class that it is itself.
    const values = name === 'class_uid' || name === 'category_uid' ? {} : { ...known.enum, ...own.enum };
    const isArray = own.is_array ?? known.is_array ?? false;
    const value = type in this.#types ? this.#value(type) : this.#object(type, profiles, definitions);
    const isNumber = value['type'] === 'integer';
    const limited =
      Object.keys(values).length === 0 ? value : { ...value, enum: Object.keys(values).map((key) => (isNumber ? Number(key) : key)) };
    return isArray ? { type: 'array', items: limited } : limited;
  }

  #value(name: string): JsonSchema {
    const { type, regex, max_len: maxLength, range } = this.#types[name] ?? {};
    return {
      ...(type === undefined ? SCALARS[name] : this.#value(type)),
      ...(regex !== undefined && { pattern: regex }),
      ...(maxLength !== undefined && { maxLength }),
      ...(range !== undefined && { minimum: range[0], maximum: range[1] }),
    };
  }

  #object(name: string, profiles: ReadonlySet<string>, definitions: Record<string, JsonSchema>): JsonSchema {
    if (name === 'object') return { type: 'object' };
    if (definitions[name] === undefined) {
      definitions[name] = {};
      definitions[name] = this.#schemaOf(this.#whole(this.#objects, name), profiles, definitions);
    }
    return { $ref: `#/$defs/${name}` };
  }

  #class(name: string): Definition {
    return this.#whole(this.#classes, name);
  }

  #nameOf(uid: number): string | undefined {
    return [...this.#classes.keys()].find((name) => {
      const of = this.#class(name);
      return (
        of.uid !== undefined &&
        (this.#categories[of.category ?? '']?.uid ?? 0) * 1000 + of.uid === uid &&
        this.#classes.get(name)?.uid !== undefined
      );
    });
  }

  /** With everything that it extends and includes. */
  #whole(all: ReadonlyMap<string, Definition>, name: string): Definition {
    const own = all.get(name);
    if (own === undefined) throw new Error(`the schema has no ${name}`);
    const parent = own.extends === undefined ? undefined : this.#whole(all, own.extends);
    const { $include = [], ...attributes } = own.attributes;
    const included = [$include].flat().map((path) => this.#included(path));
    const merged: Record<string, Attribute> = { ...parent?.attributes };
    for (const part of [...included, attributes]) {
      for (const [key, attribute] of Object.entries(part)) {
        const before = merged[key];
        merged[key] = {
          ...before,
          ...attribute,
          ...((before?.enum ?? attribute.enum) && { enum: { ...before?.enum, ...attribute.enum } }),
        };
      }
    }
    return { ...parent, ...own, attributes: merged };
  }

  #included(path: string): Readonly<Record<string, Attribute>> {
    const { name, attributes } = this.#read(path) as Definition;
    return Object.fromEntries(Object.entries(attributes).map(([key, attribute]) => [key, { profile: name ?? null, ...attribute }]));
  }

  #all(folder: string): ReadonlyMap<string, Definition> {
    const found = new Map<string, Definition>();
    for (const file of readdirSync(join(this.#root, folder), { recursive: true }) as string[]) {
      if (!file.endsWith('.json') || !statSync(join(this.#root, folder, file)).isFile()) continue;
      const definition = this.#read(join(folder, file)) as Definition;
      if (definition.name !== undefined) found.set(definition.name, definition);
    }
    return found;
  }

  #read(path: string): unknown {
    return JSON.parse(readFileSync(join(this.#root, path), 'utf8'));
  }
}
