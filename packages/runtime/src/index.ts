export { type Use as BudgetUse } from './engine/budgets.js';
export { Gateway, type GatewayHealth, type GatewayOptions, type OtherWorkers, type UpstreamInfo } from './gateway.js';
export { type KillRequest } from './kill-requests.js';
export { type ClientLeg, GatewayConnection, type GatewayLimits } from './gateway-connection.js';
export { duplexPair, type DuplexPair } from './transport/duplex-pair.js';
export { ControlConnectionError } from './transport/control-connection.js';
export { ApprovalStore, type DecisionAnswer } from './approval/store.js';
export { type AdminClient, AdminClientError, createAdminClient } from './approval/admin-client.js';
export type { DecisionView, RequestSummary, RequestView, SessionActivity, SessionSummary } from './approval/admin-api.js';
export { adminRoute, type AdminRequest, type AdminSources, answerAdmin, unknownRequest } from './approval/admin-answers.js';
export type { AdminAnswer } from './approval/admin-answer.js';
export type { Operations, Reloaded } from './approval/operator-answers.js';
export { keyOptionsOf, retentionRuleOf, upkeep, type UpkeepOrder, type UpkeepResult } from './ledger-upkeep.js';
export { loadRevocations } from './revocation/revocations-file.js';
export type { RevocationOrder } from './revocation/revocations.js';
export { type AdminSocket, openAdminSocket, serveAdmin } from './approval/admin-socket.js';
export type { ClientGuard } from './client-guard.js';
export { ConfigError, type ConfigErrorCode, type SourceProblem } from './config/config-error.js';
export type { GatewayConfig, LimitsConfig, ListenConfig, UpstreamConfig } from './config/gateway-config.js';
export { loadConfig } from './config/load-config.js';
export { loadPolicies, type LoadedPolicies, type LocatedTest } from './policy/load-policies.js';
export { type Explanation, Inspection, type InspectionOptions } from './inspection.js';
export { type TestReport, testPrincipal } from './policy/run-tests.js';
export {
  type Identity,
  type IdentityContext,
  identityContext,
  ownIdentity,
  runAs,
  runAsNobody,
  type StatedIntent,
} from './intent/identity-context.js';
export { chooseUpstream, type GatewayLease, gatewayLeases, type WantedServer } from './library/gateway-lease.js';
export { identityKey } from './library/identity-key.js';
export { Places } from './library/places.js';
export { expiryOf } from './library/token-expiry.js';
export { nodeHash } from './node-hash.js';
export { nodePublicKey } from './node-public-key.js';
export type { MetricReading } from './telemetry/metric-series.js';
export { mergeReadings } from './telemetry/merge-readings.js';
export { prometheusText } from './telemetry/prometheus-text.js';
export { activeTrace } from './telemetry/trace-parent.js';
export { workerName } from './gateway-parts.js';
export { softwareVersion } from './version.js';
export { listenPrivately, PrivateSocketError, type PrivateSocketErrorCode } from './approval/private-socket.js';
export { type ClientTls, encryptClientStream } from './transport/client-tls.js';
export { openConfiguredClientTls } from './login/client-tls-config.js';
export { type ExchangeServer, serveExchange } from './exchange/exchange-server.js';
export type { TokenAnswer, TokenRequest } from './exchange/token-endpoint.js';
