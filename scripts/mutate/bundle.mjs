import path from 'node:path';
import { build } from 'esbuild';

/** The start of each module in a bundle of esbuild. */
const MODULE = /^\/\/ (packages\/.*\.js)$/gm;

/** Modules that no analysis needs: a smaller script is faster to run, once for each mutant. */
const withoutParsers = {
  name: 'without-parsers',
  setup(bundler) {
    const empty = (contents) => () => ({ contents, loader: 'js' });
    bundler.onLoad(
      { filter: /\/dist\/sql\/parse\.js$/ },
      empty('export const createParser = () => undefined; export const parseUnit = undefined; export const GRAMMAR = undefined;'),
    );
    bundler.onLoad({ filter: /\/postgres\/dist\/dialect\.js$/ }, empty('export const postgresDialect = undefined;'));
    bundler.onLoad({ filter: /\/dist\/catalog\/read\.js$/ }, empty('export const createCatalogueReader = undefined;'));
    bundler.onLoad({ filter: /\/cases\/case-file\.js$/ }, empty('export const loadCases = undefined, loadSchema = undefined;'));
  },
};

/**
 * The analysis of all dialects and the judge of cases, as one script that evaluates to a function of `require` and `mutant`, and where the modules of core's
 * resolver stand in it. No parser runs in it. `mutant` is asked by a text that was switched.
 */
export async function bundleAnalysis(root) {
  const result = await build({
    stdin: { contents: "export { CaseAnalysis, judge } from './packages/e2e/dist/cases/index.js';", resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
    plugins: [withoutParsers],
    define: { 'import.meta.url': '"file:///bundle.js"', 'import.meta.dirname': '"/"' },
  });
  const source = result.outputFiles[0].text;
  const prefix = '(function (require, mutant) { const module = { exports: {} };\n';
  const text = `${prefix}${source}\nreturn module.exports; })`;
  const starts = [...text.matchAll(MODULE)].map((match) => ({ file: match[1], start: match.index + match[0].length }));
  const regions = starts.map(({ file, start }, at) => ({ file, start, end: starts[at + 1]?.start ?? text.length }));
  return { text, regions: regions.filter(({ file }) => isRule(file)) };
}

/** Where lineage is decided. */
function isRule(file) {
  const name = path.posix.basename(file);
  return file.startsWith('packages/core/dist/sql/resolve/') || (file.startsWith('packages/core/dist/sql/') && name.startsWith('run-'));
}
