import type { ClientTlsConfig, GatewayConfig } from '../config/gateway-config.js';
import { configProblem, readNamedFile } from '../config/named-file.js';
import { type ClientTls, openClientTls } from '../transport/client-tls.js';

/** The gateway's end of client legs, from the files that the configuration names. Throws a `ConfigError` when they cannot be used. */
export function openConfiguredClientTls({ file }: GatewayConfig, config: ClientTlsConfig): ClientTls {
  const pem = (path: string, key: string, advice: string): string => readNamedFile(file, path, `clientTls.${key}`, advice).toString('utf8');
  const files = {
    certificate: pem(config.certificate, 'certificate', 'give the PEM of the certificate that clients see'),
    key: pem(config.key, 'key', 'give the PEM of its key'),
    ca: config.ca === undefined ? undefined : pem(config.ca, 'ca', 'give the PEM of the authorities of client certificates'),
    crl: config.crl === undefined ? undefined : pem(config.crl, 'crl', 'give the PEM of what they have revoked'),
    minVersion: config.minVersion,
  };
  try {
    return openClientTls(files);
  } catch (error) {
    const message = `the files cannot be used (${(error as Error).message}); give PEM files that belong together`;
    throw configProblem('config-invalid', file, 'clientTls', message);
  }
}
