import type { ClientTlsConfig, GatewayConfig } from '../config/gateway-config.js';
import { configProblem, readNamedFile } from '../config/named-file.js';
import { type ClientTls, clientTlsContext } from '../transport/client-tls.js';
import { FileStamps } from './file-stamps.js';

/**
 * The gateway's end of client legs, from the files that the configuration names. They are read again when they have changed, for the clients that come
 * then: certificates are renewed, trust bundles grow and shrink. Files that cannot be used any more, or do not belong together yet, leave it as it was,
 * and are told of. Throws a `ConfigError` when they cannot be used at first.
 */
export function openConfiguredClientTls(
  gateway: GatewayConfig,
  config: ClientTlsConfig,
  now: () => number,
  onTrouble: (error: Error) => void,
): ClientTls {
  const { certificate, key, ca, crl } = config;
  const stamps = new FileStamps(
    [certificate, key, ca, crl].filter((file) => file !== undefined),
    now,
  );
  let contexts = readContexts(gateway, config);
  const current = (): Contexts => {
    if (!stamps.changed()) return contexts;
    try {
      contexts = readContexts(gateway, config);
    } catch (error) {
      onTrouble(new Error(`TLS of client legs stays as it was: ${(error as Error).message}`, { cause: error }));
    }
    return contexts;
  };
  return {
    asksForCertificate: ca !== undefined,
    get context() {
      return current().context;
    },
    get framedContext() {
      return current().framedContext;
    },
  };
}

type Contexts = Pick<ClientTls, 'context' | 'framedContext'>;

function readContexts({ file }: GatewayConfig, config: ClientTlsConfig): Contexts {
  const pem = (path: string, key: string, advice: string): string => readNamedFile(file, path, `clientTls.${key}`, advice).toString('utf8');
  const files = {
    certificate: pem(config.certificate, 'certificate', 'give the PEM of the certificate that clients see'),
    key: pem(config.key, 'key', 'give the PEM of its key'),
    ca: config.ca === undefined ? undefined : pem(config.ca, 'ca', 'give the PEM of the authorities of client certificates'),
    crl: config.crl === undefined ? undefined : pem(config.crl, 'crl', 'give the PEM of what they have revoked'),
    minVersion: config.minVersion,
  };
  try {
    return {
      context: clientTlsContext(files),
      framedContext: files.minVersion === 'TLSv1.3' ? undefined : clientTlsContext(files, 'TLSv1.2'),
    };
  } catch (error) {
    const message = `the files cannot be used (${(error as Error).message}); give PEM files that belong together`;
    throw configProblem('config-invalid', file, 'clientTls', message);
  }
}
