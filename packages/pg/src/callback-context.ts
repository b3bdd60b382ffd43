import { AsyncResource } from 'node:async_hooks';
import { runAsNobody } from '@sqlwarden/runtime';

type Method = (this: unknown, ...given: unknown[]) => unknown;

/**
 * Makes methods of `governed` call back in the async context in which the callback was given, as `await` does: the driver calls from the one of
 * its connection, which may have been made for somebody else's request. Connections themselves are nobody's, so that listeners that are not bound
 * find no identity, and never another one's. What the methods do is looked up in `driver` at each call: tracers replace them there.
 */
export function keepContexts<Driver extends object>(governed: Driver, driver: Driver, methods: readonly (keyof Driver & string)[]): void {
  for (const name of methods) {
    const value: Method = function (...given) {
      const bound = given.map(inContext);
      const call = (): unknown => Reflect.apply(Reflect.get(driver, name) as Method, this, bound);
      return name === 'connect' ? runAsNobody(call) : call();
    };
    Object.defineProperty(governed, name, { value, configurable: true, writable: true });
  }
}

/** A callback, or what may hold one: the configuration of a query, or a query of the application's own (`Submittable`) with its listeners. */
function inContext(given: unknown): unknown {
  if (typeof given === 'function') return AsyncResource.bind(given as Method);
  if (typeof given !== 'object' || given === null) return given;
  const { submit, callback, emit } = given as Partial<Record<'submit' | 'callback' | 'emit', unknown>>;
  if (typeof submit === 'function') {
    if (typeof callback === 'function') Object.assign(given, { callback: AsyncResource.bind(callback as Method) });
    if (typeof emit === 'function') Object.assign(given, { emit: AsyncResource.bind(emit as Method) });
    return given;
  }
  // The application may use its configuration again.
  return typeof callback === 'function'
    ? Object.create(given, { callback: { value: AsyncResource.bind(callback as Method), writable: true } })
    : given;
}
