// npm run check: everything that needs no server. Runs all of it, even after a failure, and says what failed.
import './node-version.mjs';

const { pnpm, prepare } = await import('./workspace.mjs');
prepare();

const failed = ['lint', 'format:check', 'boundaries', 'typecheck', 'check:packages'].filter((name) => {
  console.log(`sqlwarden: ${name} …`);
  return pnpm('run', '--silent', name) !== 0;
});
console.log(failed.length === 0 ? 'check: all good' : `check: failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
