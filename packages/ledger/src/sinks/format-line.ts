import { unreachable } from '@sqlwarden/core';
import { nativeLine } from './native-line.js';
import { ocsfEvent } from './ocsf/ocsf-event.js';
import type { SinkEntry } from './sink-entry.js';
import type { SinkFormat } from './sink-options.js';

/** An entry as a line of JSON; `undefined` where the format has nothing to say of it. */
export function formatLine(format: SinkFormat, entry: SinkEntry): Buffer | undefined {
  switch (format) {
    case 'native':
      return nativeLine(entry);
    case 'ocsf': {
      const event = ocsfEvent(entry);
      return event && Buffer.from(`${JSON.stringify(event)}\n`);
    }
    default:
      return unreachable(format);
  }
}
