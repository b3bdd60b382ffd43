const PRODUCTION = new Set(['production', 'prod', 'prd', 'live']);

/** True for `production`, `prod`, `prd` and `live`, alone or as a part of a name (`prod-eu`, `eu_production`, `live2`, and `pre-prod` too). */
export function isProduction(environment: string): boolean {
  const words = environment.toLowerCase().split(/[^a-z]+/);
  return words.some((word) => PRODUCTION.has(word));
}
