import { constants } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { createSecureContext, type PeerCertificate, type SecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import type { ClientCertificate } from '@sqlwarden/identity';
import { isAuthority, keyUsageOf } from './certificate-usage.js';
import { endPointOf } from './end-point.js';

/** PEM texts of the gateway's end of client legs. */
export interface ClientTlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Authorities of client certificates; without them none is asked for. */
  readonly ca?: string | undefined;
  /** What those authorities have revoked. */
  readonly crl?: string | undefined;
  readonly minVersion?: SecureVersion;
}

/** The gateway's end of TLS on client legs. */
export interface ClientTls {
  /** For the next client: another one when its files have changed. */
  readonly context: SecureContext;
  /** The same for handshakes that a protocol carries in its own packets: TLS 1.2 at most. Absent where no version so old is allowed. */
  readonly framedContext: SecureContext | undefined;
  readonly asksForCertificate: boolean;
}

/** What a client showed of itself by TLS. `untrusted`: a certificate that must not be believed; `reason` is OpenSSL's, for the log. */
export type ShownCertificate =
  | { readonly kind: 'none' }
  | { readonly kind: 'trusted'; readonly certificate: ClientCertificate }
  | { readonly kind: 'untrusted'; readonly reason: string };

/** Throws what `node:tls` does when key, certificate and authorities cannot be used. `maxVersion`: not below the least one. */
export function clientTlsContext(files: ClientTlsFiles, maxVersion?: SecureVersion): SecureContext {
  const { certificate, key, ca, crl, minVersion = 'TLSv1.2' } = files;
  return createSecureContext({
    cert: certificate,
    key,
    minVersion,
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl: revocationLists(crl) }),
    // A resumed session would keep a certificate that has been revoked since; renegotiation would let it change. PostgreSQL allows neither.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  });
}

/** Of a text with lists of several authorities, Node would read the first one. */
function revocationLists(pem: string): string[] {
  return pem.match(/-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g) ?? [pem];
}

/** For channel binding: of the certificate that the client of a stream sees. Absent outside of TLS, and where none is defined for the certificate. */
export function shownEndPoint(stream: Duplex): Uint8Array | undefined {
  if (!(stream instanceof TLSSocket)) return undefined;
  const own = stream.getCertificate();
  return own !== null && 'raw' in own ? endPointOf(own.raw) : undefined;
}

/**
 * TLS over a client's stream, as its server. `alpn`: what the protocol inside is called there, where it has a name. The result emits `secure` once the
 * handshake is done, or `error`.
 */
export function encryptClientStream(plain: Duplex, tls: ClientTls, alpn: string | undefined): TLSSocket {
  return clientTlsSocket(plain, tls, tls.context, alpn);
}

/** The same over a stream that carries the handshake in packets of the protocol. */
export function encryptFramedClient(framed: Duplex, tls: ClientTls, context: SecureContext): TLSSocket {
  return clientTlsSocket(framed, tls, context, undefined);
}

function clientTlsSocket(plain: Duplex, tls: ClientTls, secureContext: SecureContext, alpn: string | undefined): TLSSocket {
  return new TLSSocket(plain, {
    isServer: true,
    secureContext,
    // Judged after the handshake, by `shownCertificate`: who is refused is told so in the protocol's own words.
    requestCert: tls.asksForCertificate,
    rejectUnauthorized: false,
    // A client that offers other protocols only is refused by TLS; one that offers none is a client of before direct TLS.
    ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
  });
}

/** What the client of a stream showed. Fails closed: what cannot be judged is not trusted. */
export function shownCertificate(stream: Duplex): ShownCertificate {
  if (!(stream instanceof TLSSocket)) return { kind: 'none' };
  const peer = stream.getPeerCertificate(false) as Partial<PeerCertificate> | null;
  if (peer === null || peer.raw === undefined) return { kind: 'none' };
  const problem = verifyProblem(stream);
  if (problem !== undefined) return { kind: 'untrusted', reason: problem };
  return { kind: 'trusted', certificate: readCertificate(peer as PeerCertificate) };
}

/**
 * OpenSSL's judgement of the chain. `TLSSocket.authorized` is only filled in for sockets that a `tls.Server` accepted; it is filled in from this,
 * which has no documented name.
 */
function verifyProblem(stream: TLSSocket): string | undefined {
  const handle = (stream as unknown as { readonly _handle?: { verifyError?(): (Error & { code?: string }) | null | undefined } })._handle;
  if (typeof handle?.verifyError !== 'function') return 'the certificate cannot be judged on this platform';
  const error = handle.verifyError();
  return error === null || error === undefined ? undefined : (error.code ?? 'unknown');
}

function readCertificate(peer: PeerCertificate): ClientCertificate {
  const names = (peer.subject as unknown as { readonly CN?: string | readonly string[] } | undefined)?.CN;
  return {
    commonNames: names === undefined ? [] : typeof names === 'string' ? [names] : names,
    uris: alternativeNames(peer.subjectaltname ?? '').flatMap(([kind, value]) => (kind === 'URI' ? [value] : [])),
    isAuthority: isAuthority(peer.raw),
    keyUsage: keyUsageOf(peer.raw),
    notAfter: Date.parse(peer.valid_to),
  };
}

/** `KIND:value, KIND:value` as Node writes it: a value that could be taken for more than one name is quoted as JSON (CVE-2021-44532). */
export function alternativeNames(text: string): (readonly [kind: string, value: string])[] {
  const names: (readonly [string, string])[] = [];
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text);
    // What cannot be read is no name of anybody.
    if (match === null) return [];
    const [, kind = '', value = ''] = match;
    names.push([kind, value.startsWith('"') ? (JSON.parse(value) as string) : value]);
  }
  return names;
}
