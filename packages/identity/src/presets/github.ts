import type { PresetReader } from './preset.js';

/**
 * Tokens of GitHub Actions (GitHub documentation, "OpenID Connect reference"). A job is known by its repository's number and the workflow
 * file that it runs, with its ref. `sub` is a text that owners can shape, and is never read. Its groups are made from claims that nobody
 * in the repository can choose freely but for the names of refs and environments, and so carry the repository's number.
 */
export const readGithub: PresetReader = (claims, issuer) => {
  const repository = claims.requiredId('repository_id');
  const workflow = claims.requiredId('job_workflow_ref');
  const [ref, environment, run] = [claims.id('ref'), claims.id('environment'), claims.id('run_id')];
  const groups = [
    `owner:${claims.requiredId('repository_owner_id')}`,
    `repository:${repository}`,
    `workflow:${workflow}`,
    ...(ref === undefined ? [] : [`ref:${repository}:${ref}`]),
    ...(environment === undefined ? [] : [`environment:${repository}:${environment}`]),
  ];
  return {
    subject: {
      kind: 'service',
      issuer: issuer.issuer,
      id: `${repository}:${workflow}`,
      name: workflow,
      groups: groups.map((group) => issuer.groupPrefix + group),
      groupsComplete: true,
    },
    clientIds: [],
    clientIsSubject: false,
    ...(run === undefined ? {} : { run: { job: run } }),
  };
};
