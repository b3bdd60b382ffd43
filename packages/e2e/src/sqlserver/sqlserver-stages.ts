import { CANNED_STAGE } from './canned-stage.js';
import { REAL_STAGES, type SqlserverStageKind } from './sqlserver-stage.js';

/** What the suites run on. */
export const STAGES: readonly SqlserverStageKind[] = [CANNED_STAGE, ...REAL_STAGES];
