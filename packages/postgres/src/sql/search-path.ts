/** The names in a value of `search_path`, folded and without quotes ("The Schema Search Path"); `$user` as it stands. */
export function searchPathNames(setting: string): readonly string[] {
  return [...setting.matchAll(/"((?:[^"]|"")*)"|[^\s",]+/g)].map(([whole, quoted]) => quoted?.replaceAll('""', '"') ?? whole.toLowerCase());
}
