import type { RunDirectory } from './run-directory.js';
import type { Database, System } from './system.js';

/** Where the story plays. */
export interface Scene {
  readonly system: System;
  readonly database: Database;
  readonly run: RunDirectory;
  /** Where clients reach the gateway. */
  readonly port: number;
}

/** What the agent did, for the auditor's questions. */
export interface ChangeStory {
  readonly request: string;
  readonly updated: number;
}

/** What the training job got. */
export interface TrainingStory {
  readonly rows: number;
}
