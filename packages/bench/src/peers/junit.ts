const CASE = /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const OUTCOME = /<(failure|error|skipped)\b/;

/** The outcome of every test in a report that pytest wrote (`--junitxml`): `pass`, `failure`, `error` or `skipped`. */
export function readJunit(xml: string): ReadonlyMap<string, string> {
  const outcomes = new Map<string, string>();
  for (const [, attributes = '', body = ''] of xml.matchAll(CASE)) {
    const attribute = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
    outcomes.set(`${attribute('classname')}::${attribute('name')}`, OUTCOME.exec(body)?.[1] ?? 'pass');
  }
  return outcomes;
}
