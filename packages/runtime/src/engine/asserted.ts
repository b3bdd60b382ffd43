/** Characters of one value; what a client says of itself may be much longer, and nobody has verified who it is. */
const MAX_CHARACTERS = 256;

/** What a client asserts at its login, as the ledger keeps it: values are cut, so that no client can make an entry too large to be written. */
export function assertedFields(fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cut(value)]));
}

function cut(value: string): string {
  const shown = value.length <= MAX_CHARACTERS ? value : `${value.slice(0, MAX_CHARACTERS)}…`;
  return shown.replaceAll(LONE_SURROGATE, '\ufffd');
}

const LONE_SURROGATE = /\p{Surrogate}/gu;
