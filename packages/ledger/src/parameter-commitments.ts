import { hash } from 'node:crypto';
import { type BoundParameter, commitmentTo, SALT_BYTES } from '@sqlwarden/core';
import { type RandomPool, sha256 } from './node-crypto.js';

const NAME = 'parameter';
/** What is hashed before the salt: see core's `commitmentTo`. */
const PREFIX = Buffer.from(`sqlwarden/field/v1\0${NAME}\0`);
/** Values up to this size are committed to without memory of their own. */
const SMALL_BYTES = 1024;
const NULL = new TextEncoder().encode('null');

/** The text of commitments to bound values, and of the disclosures that open them, for a read. */
export class ParameterCommitments {
  readonly #random: RandomPool;
  /** `PREFIX ‖ salt ‖ value` of the value at hand. */
  readonly #input = Buffer.alloc(PREFIX.length + SALT_BYTES + SMALL_BYTES);
  /** Canonical JSON of the last call's commitments, without the brackets of their list. */
  commitments = '';
  /** As {@link commitments}, of the disclosures. */
  disclosures = '';

  constructor(random: RandomPool) {
    this.#random = random;
    this.#input.set(PREFIX);
  }

  /** Commits to `parameters`; the result is in {@link commitments} and {@link disclosures} until the next call. */
  make(parameters: readonly BoundParameter[]): void {
    this.commitments = '';
    this.disclosures = '';
    for (const { value } of parameters) {
      if (this.commitments !== '') {
        this.commitments += ',';
        this.disclosures += ',';
      }
      this.#add(value ?? NULL);
    }
  }

  #add(value: Uint8Array): void {
    const input = this.#input;
    const start = PREFIX.length + SALT_BYTES;
    this.#random.fill(input, PREFIX.length, SALT_BYTES);
    let commitment: string;
    if (value.length <= SMALL_BYTES) {
      input.set(value, start);
      commitment = hash('sha256', input.subarray(0, start + value.length), 'base64');
    } else {
      ({ commitment } = commitmentTo(sha256, NAME, input.subarray(PREFIX.length, start), value));
    }
    this.commitments += `{"commitment":"${commitment}"}`;
    this.disclosures += `{"name":"${NAME}","salt":"${input.toString('base64', PREFIX.length, start)}","value":"${valueText(value)}"}`;
  }
}

/** The value as a disclosure carries it (core's `disclosedValue`), in a form that needs no escape in JSON. */
function valueText(value: Uint8Array): string {
  const text = value.length > PLAIN_BYTES ? undefined : plainText(value);
  // What looks like the spelling of bytes is written as bytes, so that it reads back.
  if (text !== undefined && !text.startsWith('base64:')) return text;
  return `base64:${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`;
}

const PLAIN_BYTES = 64;

/** The text of printable ASCII without `"` and `\`; `undefined` for anything else. */
function plainText(value: Uint8Array): string | undefined {
  let text = '';
  for (let at = 0; at < value.length; at++) {
    const byte = value[at] as number;
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
