// npm start [-- arguments of the quickstart]
import './node-version.mjs';
import { spawn } from 'node:child_process';

const { prepare, root } = await import('./workspace.mjs');
prepare();

const quickstart = spawn(process.execPath, [`${root}/examples/quickstart/dist/main.js`, ...process.argv.slice(2)], { stdio: 'inherit' });
// The quickstart stays up until it is stopped and cleans up after itself. A terminal's interrupt reaches it anyway; a signal that was sent
// to this process alone is passed on.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => quickstart.kill(signal));
quickstart.on('exit', (status) => {
  process.exitCode = status ?? 1;
});
