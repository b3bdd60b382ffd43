import type { PresetReader } from './preset.js';

/**
 * ID tokens of GitLab CI/CD jobs (GitLab documentation, "OpenID Connect (OIDC) Authentication Using ID Tokens"). A job is known by its
 * project's number. Its groups carry that number wherever they hold a name that the project chooses.
 */
export const readGitlab: PresetReader = (claims, issuer) => {
  const project = claims.requiredId('project_id');
  const [namespace, ref, environment, job] = [claims.id('namespace_id'), claims.id('ref'), claims.id('environment'), claims.id('job_id')];
  const groups = [
    `project:${project}`,
    ...(namespace === undefined ? [] : [`namespace:${namespace}`]),
    ...(ref === undefined ? [] : [`${claims.id('ref_type') ?? 'ref'}:${project}:${ref}`]),
    ...(claims.get('ref_protected') === 'true' ? [`protected:${project}`] : []),
    ...(environment === undefined ? [] : [`environment:${project}:${environment}`]),
  ];
  const name = claims.label('project_path');
  return {
    subject: {
      kind: 'service',
      issuer: issuer.issuer,
      id: project,
      ...(name === undefined ? {} : { name }),
      groups: groups.map((group) => issuer.groupPrefix + group),
      groupsComplete: true,
    },
    clientIds: [],
    clientIsSubject: false,
    ...(job === undefined ? {} : { run: { job } }),
  };
};
