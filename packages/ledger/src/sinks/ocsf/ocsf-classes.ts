/** Classes of the Open Cybersecurity Schema Framework (schema.ocsf.io, version 1.9) that entries become events of. */

export interface OcsfClass {
  readonly uid: number;
  readonly name: string;
  readonly categoryUid: number;
  readonly categoryName: string;
  /** Captions of `activity_id`. */
  readonly activities: Readonly<Record<number, string>>;
}

export const OCSF_VERSION = '1.9.0';
/** `activity_id` of what the class has no word for; `activity_name` says what it was. */
export const OTHER = 99;

export const DATA_SECURITY_FINDING = {
  uid: 2006,
  name: 'Data Security Finding',
  categoryUid: 2,
  categoryName: 'Findings',
  activities: { 1: 'Create' },
} as const satisfies OcsfClass;

export const AUTHENTICATION = {
  uid: 3002,
  name: 'Authentication',
  categoryUid: 3,
  categoryName: 'Identity & Access Management',
  activities: { 1: 'Logon', 2: 'Logoff' },
} as const satisfies OcsfClass;

export const APPLICATION_LIFECYCLE = {
  uid: 6002,
  name: 'Application Lifecycle',
  categoryUid: 6,
  categoryName: 'Application Activity',
  activities: { 3: 'Start', 4: 'Stop', 6: 'Enable', 7: 'Disable', 8: 'Update' },
} as const satisfies OcsfClass;

export const API_ACTIVITY = {
  uid: 6003,
  name: 'API Activity',
  categoryUid: 6,
  categoryName: 'Application Activity',
  activities: { 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete' },
} as const satisfies OcsfClass;

export const DATASTORE_ACTIVITY = {
  uid: 6005,
  name: 'Datastore Activity',
  categoryUid: 6,
  categoryName: 'Application Activity',
  activities: { 2: 'Update', 4: 'Query', 5: 'Write', 6: 'Create', 7: 'Delete', 8: 'List' },
} as const satisfies OcsfClass;

/** `severity_id` with its caption. */
export const SEVERITIES = { 1: 'Informational', 2: 'Low', 3: 'Medium', 4: 'High' } as const;
export type SeverityId = keyof typeof SEVERITIES;

/** `status_id` with its caption; for findings they mean something else. */
export const STATUSES = { 0: 'Unknown', 1: 'Success', 2: 'Failure' } as const;
export type StatusId = keyof typeof STATUSES;
