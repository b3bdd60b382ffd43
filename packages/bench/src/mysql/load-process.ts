// A process of its own for the load, so that it does not wait behind what the benchmark does: one request by message, one answer.
import { type LoadRequest, runLoad } from './load.js';

process.once('message', (request: LoadRequest) => {
  runLoad(request)
    .then(
      (result) => ({ result }),
      (error: unknown) => ({ failed: (error as Error).message }),
    )
    .then((answer) => process.send?.(answer, undefined, undefined, () => process.exit(0)))
    .catch(() => process.exit(1));
});
