import path from 'node:path';
import type { CommandKeysOptions } from '@sqlwarden/ledger';

/** The keys of the ledger, and how long what is in it is kept. */
export interface UpkeepConfig {
  readonly keys: {
    /** A key is replaced when it is that old; `undefined`: only when somebody says so. */
    readonly rotateAfterMs: number | undefined;
    /** Where the keys are, when not in files of the ledger's directory. */
    readonly command: CommandKeysOptions | undefined;
  };
  /** `undefined`: for good. */
  readonly retention: { readonly entriesMs: number | undefined; readonly valuesMs: number | undefined };
}

/** As the configuration file has it. */
export interface UpkeepSource {
  readonly keys?: {
    readonly rotateAfter?: string;
    readonly command?: readonly string[];
    readonly previousCommand?: readonly string[];
    readonly publicKey?: string;
    readonly timeoutMs?: number;
  };
  readonly retention?: { readonly entries?: string; readonly values?: string };
}

/** Programs with a slash in their name are found from the directory of the configuration, as files are. */
export function upkeepOf({ keys, retention }: UpkeepSource, directory: string): UpkeepConfig {
  const command = keys?.command;
  const { previousCommand, publicKey, timeoutMs } = keys ?? {};
  const at = ([program = '', ...args]: readonly string[]): readonly string[] => [
    program.includes('/') ? path.resolve(directory, program) : program,
    ...args,
  ];
  return {
    keys: {
      rotateAfterMs: durationMs(keys?.rotateAfter),
      command: command && {
        command: at(command),
        ...(previousCommand === undefined ? {} : { previousCommand: at(previousCommand) }),
        ...(publicKey === undefined ? {} : { publicKey }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      },
    },
    retention: { entriesMs: durationMs(retention?.entries), valuesMs: durationMs(retention?.values) },
  };
}

const UNITS = { h: 3_600_000, d: 86_400_000 } as const;

/** `12h`, `400d`, as the schema has checked. */
function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const unit = text.endsWith('h') ? UNITS.h : UNITS.d;
  return Number(text.slice(0, -1)) * unit;
}
