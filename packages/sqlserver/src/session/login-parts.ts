import type { LoginRequest, SessionHost, TlsFraming, WireSessionOptions } from '@sqlwarden/core';
import type { Collation } from '../protocol/collation.js';
import type { LoginAck } from '../protocol/server-token.js';
import type { TdsVersion } from '../protocol/tds-version.js';

/** What a client asked for in its LOGIN7 that the session is to have ([MS-TDS] section 2.2.6.4). */
export interface LoginTerms {
  readonly version: TdsVersion;
  /** Of packets after the login; 512 to 32767. */
  readonly packetSize: number;
  /** `UTF8_SUPPORT` was asked for. */
  readonly utf8: boolean;
  readonly applicationName: string;
  readonly hostName: string;
  /** The name of the client's library. */
  readonly libraryName: string;
  /** Empty: the server's default. */
  readonly language: string;
  readonly clientProgramVersion: number;
  readonly clientProcessId: number;
  readonly clientTimeZone: number;
  readonly clientLcid: number;
  /** OptionFlags2.fODBC: the session begins with the settings of ODBC. */
  readonly isOdbc: boolean;
  /** OptionFlags3.fUnknownCollationHandling. */
  readonly takesUnknownCollations: boolean;
  /** TypeFlags.fReadOnlyIntent. */
  readonly isReadOnly: boolean;
  /** OptionFlags1.fDatabase: a database that cannot be opened ends the login. */
  readonly mustHaveDatabase: boolean;
  /** OptionFlags1.fSetLang: a language that is not known ends the login. */
  readonly mustHaveLanguage: boolean;
}

/** A client's LOGIN7, as far as it was taken. */
export interface AcceptedLogin {
  /** Empty: none, as with an access token. */
  readonly user: string;
  /** The database that the client asked for. Empty: none. */
  readonly database: string;
  readonly terms: LoginTerms;
}

/** What the client's side of a login asks of the session. */
export interface ClientLoginHost {
  readonly host: SessionHost;
  /** Whole packets for the client. */
  send(bytes: Uint8Array): void;
  /** Everything sent goes out before TLS starts on the client leg. */
  startTls(framing: TlsFraming): void;
  /** The client said who it is: ask the host. Its own answer comes by `ClientLogin.letIn`, or as the session's refusal. */
  identified(login: LoginRequest, accepted: AcceptedLogin): void;
}

/** What the login must know of its session's options. */
export type ClientLoginOptions = Pick<WireSessionOptions, 'clientMethod' | 'clientEncrypted' | 'greeting' | 'maxStartupBytes'>;

/** How the server leg stands after its login. */
export interface ServerLoggedIn {
  /** The server's number of the session, as its packets have it. */
  readonly spid: number;
  /** What the server answered with: as asked for, or older. */
  readonly version: TdsVersion;
  /** As asked for, or what the server has made of it. */
  readonly packetSize: number;
  /** `UTF8_SUPPORT` was acknowledged. */
  readonly utf8: boolean;
  /** As `16.0.4135`. */
  readonly serverVersion: string;
  /** `ProgName` of LOGINACK. */
  readonly programName: string;
  readonly programVersion: LoginAck['programVersion'];
  /** The database that the session is in; empty when the server said nothing. */
  readonly database: string;
  /** Empty when the server said nothing. */
  readonly language: string;
  /** That of the database; absent when the server said nothing. */
  readonly collation: Collation | undefined;
}

export interface ServerLoginFailure {
  /** The server says that it is not that user, or that the password is wrong. */
  readonly isIdentity?: boolean;
  readonly kind: 'refused' | 'insecure' | 'protocol';
  /** For people; never quotes what the server said. */
  readonly detail: string;
}

/** What a login on the server leg asks of whoever owns the leg. */
export interface ServerLoginHost {
  send(bytes: Uint8Array): void;
  /** `framing` absent: TLS from the first byte (TDS 8.0). Answer: `ServerLoginLeg.tlsStarted`. */
  startTls(framing?: TlsFraming): void;
  /** Another connection, to where the server has sent the gateway. Absent: never. Answer: `ServerLoginLeg.connected`. */
  connectServer?: ((to: { readonly host: string; readonly port: number }) => void) | undefined;
  /** The server is ready for requests. */
  loggedIn(info: ServerLoggedIn): void;
  loginFailed(failure: ServerLoginFailure): void;
}
