import { KEY_USAGES, type KeyUsage } from '@sqlwarden/identity';
import { children, type Element, elementAt } from './der-elements.js';

const EXTENSIONS = 0xa3;
const BOOLEAN = 0x01;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
const KEY_USAGE = '551d0f';
const BASIC_CONSTRAINTS = '551d13';

/**
 * What the key of a certificate, as DER, is for (RFC 5280 section 4.2.1.3); `undefined` when it does not say. Nothing, when that cannot be read.
 * `X509Certificate.keyUsage` of Node is the extended one.
 */
export function keyUsageOf(certificate: Uint8Array): readonly KeyUsage[] | undefined {
  const extension = extensionOf(certificate, KEY_USAGE);
  if (extension === undefined) return undefined;
  const bits = valueOf(extension);
  if (bits?.tag !== BIT_STRING) return [];
  // The first byte says how many of the last bits are none.
  return KEY_USAGES.filter((_usage, at) => ((bits.content[1 + (at >> 3)] ?? 0) & (0x80 >> (at & 7))) !== 0);
}

/**
 * Whether `cA` is set in a certificate, as DER (RFC 5280 section 4.2.1.9), or cannot be read. `X509Certificate.ca` of Node is OpenSSL's judgement: false
 * as well where the key may not sign certificates.
 */
export function isAuthority(certificate: Uint8Array): boolean {
  const extension = extensionOf(certificate, BASIC_CONSTRAINTS);
  if (extension === undefined) return false;
  const constraints = valueOf(extension);
  if (constraints?.tag !== SEQUENCE) return true;
  return children(constraints).some(({ tag, content }) => tag === BOOLEAN && content[0] !== 0);
}

function extensionOf(certificate: Uint8Array, identifier: string): Element | undefined {
  const [toBeSigned] = children(elementAt(certificate, 0));
  const extensions = children(toBeSigned).find(({ tag }) => tag === EXTENSIONS);
  return children(children(extensions)[0]).find((extension) => {
    const [name] = children(extension);
    return name?.tag === OBJECT_IDENTIFIER && Buffer.from(name.content).toString('hex') === identifier;
  });
}

function valueOf(extension: Element): Element | undefined {
  const wrapped = children(extension).find(({ tag }) => tag === OCTET_STRING);
  return wrapped === undefined ? undefined : elementAt(wrapped.content, 0);
}
