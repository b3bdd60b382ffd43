export { startCannedPostgres } from './canned-postgres.js';
export type { CannedColumn, CannedOptions, CannedPostgres, CannedResult } from './canned-postgres.js';
export { createAuthority } from './certificates.js';
export type { CertificateAndKey, CertificateAuthority, CertificateRequest } from './certificates.js';
export { findHaproxy, findPgbouncer } from './proxies.js';
export {
  findFreetds,
  findFreetdsOdbc,
  findMariadbClient,
  findMariadbJdbc,
  findPgbench,
  findPgDump,
  findPsql,
  findPython,
} from './clients.js';
export { findSmallDisks, findStrace, injectFault, openSmallDisk } from './disks.js';
export type { SmallDisk } from './disks.js';
export type { Finding } from './finding.js';
export { freePort } from './free-port.js';
export { buildLedgerChecker, findGoLogPackages } from './ledger-checker.js';
export type { LedgerChecker } from './ledger-checker.js';
export { findBabelfish, startBabelfish } from './babelfish-server.js';
export type { SqlserverServer, SqlserverServerOptions } from './babelfish-server.js';
export { sqlserverServerKinds } from './sqlserver-server-kinds.js';
export type { SqlserverServerKind } from './sqlserver-server-kinds.js';
export { connectSqlserver } from './sqlserver-connection.js';
export type { SqlserverConnection, SqlserverLogin, SqlserverPlace } from './sqlserver-connection.js';
export type { OtlpAnswer, OtlpItem, OtlpReceiver, OtlpRequest } from './otlp-receiver.js';
export { plainAttributes, plainValue, startOtlpReceiver } from './otlp-receiver.js';
export type { OpenIdTokens } from './openid-flows.js';
export { openIdKey, startOpenIdProvider } from './openid-provider.js';
export type { OpenIdAccount, OpenIdKey, OpenIdOptions, OpenIdProvider } from './openid-provider.js';
export { connectMariadb } from './mariadb-connection.js';
export type { MariadbConnection, MariadbLogin } from './mariadb-connection.js';
export { findMariadb, startMariadb } from './mariadb-server.js';
export type { MariadbOptions, MariadbServer } from './mariadb-server.js';
export { findMysql, findMysqlProgram, startMysql } from './mysql-server.js';
export { mysqlServerKinds } from './mysql-server-kinds.js';
export type { MysqlServerKind } from './mysql-server-kinds.js';
export type { MysqlServer, MysqlServerOptions } from './server-site.js';
export { findGermanPostgres, findPostgres, postgresMajors } from './postgres-binaries.js';
export type { PostgresMajor } from './postgres-binaries.js';
export { startPostgres } from './postgres-server.js';
export type { PostgresOptions, PostgresServer } from './postgres-server.js';
export { requireOrSkip } from './require-or-skip.js';
export { until } from './until.js';
export { runProgram } from './run-program.js';
export type { ProgramOptions, ProgramResult } from './run-program.js';
export { cannedDatabase } from './tds/canned-database.js';
export type { CannedDatabase, CannedModule } from './tds/canned-database.js';
export { startCannedSqlServer } from './tds/canned-sqlserver.js';
export type { CannedSqlServer } from './tds/canned-sqlserver.js';
export type { CannedSqlServerOptions } from './tds/canned-server-options.js';
export type {
  CannedAnswer,
  CannedItem,
  CannedLogin,
  CannedMessage,
  CannedParameter,
  CannedRequest,
  CannedSqlServerColumn,
  CannedTable,
  CannedTableValue,
  CannedValue,
} from './tds/canned-answers.js';
export { tdsTranscripts } from './tds/transcripts.js';
export type { TdsConversation, TdsRead, TdsStatement, TdsTranscript } from './tds/transcripts.js';
export { requestsOfConversation } from './tds/transcript-requests.js';
export type { TranscriptRequest, TranscriptRequests } from './tds/transcript-requests.js';
export { playTdsTranscript } from './tds/transcript-player.js';
export type { TdsPlayer } from './tds/transcript-player.js';
