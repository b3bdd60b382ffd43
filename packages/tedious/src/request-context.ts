import { AsyncResource } from 'node:async_hooks';
import type { BulkLoad, Request } from 'tedious';

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** What calls back to the application (tedious 19: `lib/request.js`, `lib/bulk-load.js`). */
interface CallsBack {
  emit: Method;
  callback: Method;
}

const own = new WeakMap<object, CallsBack>();

/**
 * Makes a request call back in the async context in which it is made, as `await` does: the driver calls from that of the connection, which may have been
 * made for somebody else. A request that is made again (prepared, then executed) calls back where it was made last.
 */
export function keepContext(request: Request | BulkLoad): void {
  const target = request as unknown as CallsBack;
  const { emit, callback } = own.get(request) ?? target;
  own.set(request, { emit, callback });
  target.emit = AsyncResource.bind(emit);
  target.callback = AsyncResource.bind(callback);
}
