import { unreachable } from '@sqlwarden/core';
import { FileSink } from './file-sink.js';
import { OtlpSink } from './otlp-sink.js';
import type { Sink } from './sink.js';
import type { SinkOptions } from './sink-options.js';
import { StdoutSink } from './stdout-sink.js';

/** A sink that was not begun yet. `onTrouble`: told of what does not stop it. */
export function openSink(options: SinkOptions, onTrouble: (error: Error) => void): Sink {
  switch (options.type) {
    case 'stdout':
      return new StdoutSink(options);
    case 'file':
      return new FileSink(options);
    case 'otlp':
      return new OtlpSink(options, onTrouble);
    default:
      return unreachable(options);
  }
}
