import { isProven } from './rights.js';
import type { Model, Party, Principal } from './principal.js';

const PLAIN = /^[\p{L}\p{N}\p{M}._@+\-/:=|#~]+(?: [\p{L}\p{N}\p{M}._@+\-/:=|#~]+)*$/u;
const MAX_CHARACTERS = 80;

/**
 * A principal for people to read, subject first, then the chain down to who acts now:
 * `alice (person) → schema-bot (agent, model forge-2.1)`. Names come from tokens, so whatever could be taken for a part of the sentence,
 * or is not visible, is quoted and escaped, and long names are cut. What nobody vouches for is marked `asserted`. Not for comparing.
 */
export function describePrincipal(principal: Principal): string {
  const modelIsProven = isProven(principal, 'model');
  // The chain is kept outermost first, and read the other way round: who asked whom.
  const chain = [principal.subject, ...principal.actors.toReversed()].map((party) => describe(party, modelIsProven));
  const actorsAsserted = principal.actors.length > 0 && !isProven(principal, 'actors');
  const unproven = [...(isProven(principal, 'subject') ? [] : ['identity']), ...(actorsAsserted ? ['actors'] : [])];
  return chain.join(' → ') + (unproven.length === 0 ? '' : ` [asserted ${unproven.join(' and ')}]`);
}

/** One party: `schema-bot (agent 1.4, model forge-2.1)`. */
export function describeParty(party: Party): string {
  return describe(party, true);
}

function describe(party: Party, modelIsProven: boolean): string {
  const version = party.version === undefined ? '' : ` ${shown(party.version)}`;
  const model = party.model === undefined ? '' : `, ${modelIsProven ? '' : 'asserted '}model ${describeModel(party.model)}`;
  return `${shown(party.name ?? party.id)} (${party.kind}${version}${model})`;
}

function describeModel({ name, version }: Model): string {
  return version === undefined ? shown(name) : `${shown(name)} ${shown(version)}`;
}

function shown(text: string): string {
  const characters = [...text];
  const cut = characters.length > MAX_CHARACTERS ? `${characters.slice(0, MAX_CHARACTERS).join('')}…` : text;
  if (PLAIN.test(text)) return cut;
  return JSON.stringify(cut).replaceAll(/[^\P{C}]|[\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
