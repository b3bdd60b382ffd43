import { run } from './run.js';
import { terminal } from './terminal.js';

// The exit status is set rather than forced, so that output which a slow reader has not taken yet is still written.
process.exitCode = await run(process.argv.slice(2), terminal(process.stdout), terminal(process.stderr));
