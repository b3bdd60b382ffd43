import { AsyncResource } from 'node:async_hooks';
import type { AssertedIntent } from '@sqlwarden/core';
import { activeTrace } from '@sqlwarden/runtime';
import type { DriverConnection } from './driver.js';

/**
 * Makes what a connection does for its application call back in the async context in which it was asked for, as `await` does: the driver calls from that of
 * the connection, which may have been made for somebody else's request. `say` is told, whenever a command is sent, which span was active then: it may
 * have waited behind others.
 */
export function keepContexts(connection: DriverConnection, say: (trace: AssertedIntent | undefined) => void): void {
  const { addCommand } = connection;
  connection.addCommand = function (command) {
    const trace = activeTrace();
    const { onResult, start, emit } = command;
    if (typeof onResult === 'function') command.onResult = AsyncResource.bind(onResult);
    command.emit = AsyncResource.bind(emit);
    command.start = function (packet, on) {
      say(trace);
      return start.call(this, packet, on);
    };
    return addCommand.call(this, command);
  };
}
