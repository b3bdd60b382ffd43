/** What the ledger says wrote it. */
export const softwareVersion = 'sqlwarden 0.1.0';
