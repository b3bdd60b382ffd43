// Run in a package's directory after `tsc -b`: adds what CommonJS users need beside the ESM that tsc wrote.
//   dist/index.cjs    dist/index.js and all that it imports, bundled; other packages stay external
//   dist/<entry>.cjs  the same of every other entry of the package; it shares dist/index.cjs, which it may import and nothing else of dist/
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

/** A second copy of what the index holds would be a second state: an import of it stays one, of its CommonJS build. */
const sharedIndex = {
  name: 'shared-index',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.{1,2}\// }, ({ path: wanted, importer }) => {
      if (wanted === './index.js') return { path: './index.cjs', external: true };
      return {
        errors: [{ text: `${path.relative(dist, importer)} imports ${wanted}; an entry beside the index may import ./index.js only` }],
      };
    });
  },
};

/** Entries of the package beside its index, by name. */
async function otherEntries() {
  const { exports } = JSON.parse(await readFile('package.json', 'utf8'));
  const files = Object.values(exports ?? {}).map((target) => target?.require?.default);
  return files.filter((file) => typeof file === 'string' && file !== './dist/index.cjs').map((file) => path.basename(file, '.cjs'));
}

async function bundle(name, plugins) {
  await build({
    entryPoints: [path.join(dist, `${name}.js`)],
    outfile: path.join(dist, `${name}.cjs`),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    plugins,
    logLevel: 'warning',
  });
}

async function main() {
  await bundle('index', [originalUrls]);
  for (const name of await otherEntries()) await bundle(name, [originalUrls, sharedIndex]);
  await writeDeclarations();
}

if (process.argv[1] === import.meta.filename) await main();
