// Run in a package's directory after `tsc -b`: adds what CommonJS users need beside the ESM that tsc wrote.
//   dist/index.cjs    dist/index.js and all that it imports, bundled; other packages stay external
//   dist/**/*.d.cts   a copy of each declaration, its relative imports pointing at the other copies
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const dist = path.resolve('dist');

/**
 * A bundled module keeps the `import.meta.url` of the file that it was, so that `new URL('./worker.js', import.meta.url)` still names
 * the worker's ESM file in dist/ and not a place beside the bundle.
 */
const originalUrls = {
  name: 'original-urls',
  setup(bundler) {
    bundler.onLoad({ filter: /\.js$/ }, async ({ path: file }) => {
      const contents = await readFile(file, 'utf8');
      if (!contents.includes('import.meta.url')) return { contents, loader: 'js' };
      const place = JSON.stringify(path.relative(dist, file).split(path.sep).join('/'));
      const url = `require('node:url').pathToFileURL(require('node:path').join(__dirname, ${place})).href`;
      return { contents: contents.replaceAll('import.meta.url', `(${url})`), loader: 'js' };
    });
  },
};

/** The declaration with `./x.js` turned into `./x.cjs` in every import, export and import type; other specifiers stay. */
export function commonjsDeclaration(text) {
  return text
    .replaceAll(/((?:from|import)\s*\(?\s*['"])(\.{1,2}\/[^'"]*)\.js(['"])/g, '$1$2.cjs$3')
    .replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
}

async function writeDeclarations() {
  const files = await readdir(dist, { recursive: true });
  const declarations = files.filter((file) => file.endsWith('.d.ts')).map((file) => path.join(dist, file));
  await Promise.all(
    declarations.map(async (file) => {
      await writeFile(file.replace(/\.d\.ts$/, '.d.cts'), commonjsDeclaration(await readFile(file, 'utf8')));
    }),
  );
}

async function main() {
  await build({
    entryPoints: [path.join(dist, 'index.js')],
    outfile: path.join(dist, 'index.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    plugins: [originalUrls],
    logLevel: 'warning',
  });
  await writeDeclarations();
}

if (process.argv[1] === import.meta.filename) await main();
