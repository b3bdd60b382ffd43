import { parties, partyKey, type Principal } from '@sqlwarden/core';

/** Every name that a principal is found by, in lower case: of its parties, models, workload and run. */
export function identityNames(principal: Principal): readonly string[] {
  const names: (string | undefined)[] = parties(principal).flatMap((party) => [
    party.id,
    party.name,
    partyKey(party),
    `${party.issuer}#${party.id}`,
  ]);
  for (const { model, version } of principal.actors) names.push(model?.name, model?.digest, version);
  const { workload } = principal;
  names.push(workload?.serviceAccount, workload?.pod, workload?.podUid, workload?.spiffeId, workload?.imageDigest);
  return [...names.filter((name) => name !== undefined).map((name) => name.toLowerCase()), ...runNames(principal)];
}

/** True when the query names somebody or something in the principal. */
export function isIdentity(query: string, principal: Principal): boolean {
  return identityNames(principal).includes(query.toLowerCase());
}

/** True when the principal runs as a part of the conversation, training run or job of that name. */
export function isRun(query: string, principal: Principal): boolean {
  return runNames(principal).includes(query.toLowerCase());
}

/** The names of what a principal runs as a part of, in lower case: a conversation, a training run, a job. */
function runNames({ run }: Principal): readonly string[] {
  return [run?.conversation, run?.trainingRun, run?.job].filter((name) => name !== undefined).map((name) => name.toLowerCase());
}
