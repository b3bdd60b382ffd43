import type { CertificateAndKey } from '../certificates.js';
import type { CannedAnswer, CannedItem, CannedLogin, CannedRequest } from './canned-answers.js';
import type { RowstatForm } from './procedures.js';
import type { TdsVersion } from './tds-version.js';

export interface CannedSqlServerOptions {
  /** Default: one that is free. */
  readonly port?: number;
  /**
   * What PRELOGIN is answered with, whatever the client asks for. `optional`, the default: as a SQL Server that can encrypt and does not force it,
   * OFF to OFF (only the login is encrypted), ON to ON, NOT_SUP to NOT_SUP. `strict`: TLS from the first byte, as in TDS 8.0.
   */
  readonly encryption?: 'optional' | 'off' | 'on' | 'required' | 'not-supported' | 'strict';
  /** Default: one for `localhost` and `127.0.0.1` from an authority of the server's own. */
  readonly certificate?: CertificateAndKey;
  /** Passwords by login; `sa` with a random one unless it is here. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** The login that a token stands for; `undefined` refuses it. Without this, tokens are refused. */
  readonly acceptToken?: (token: string) => string | undefined;
  /** FEDAUTHREQUIRED of PRELOGIN. */
  readonly fedAuthRequired?: boolean;
  /** FEDAUTHINFO, for clients whose library asks for it. */
  readonly fedAuthInfo?: { readonly stsUrl: string; readonly spn: string };
  /** The newest version that the server speaks. Default: what the client asks for. */
  readonly tdsVersion?: TdsVersion;
  /** The largest packets that the server allows. Default 32 767. */
  readonly maxPacketSize?: number;
  /** Default `master`. */
  readonly databases?: readonly string[];
  /** Sends clients elsewhere when they have logged in. */
  readonly routing?: { readonly host: string; readonly port: number };
  /** Of LOGINACK and PRELOGIN. Default 16.0.1000. */
  readonly build?: readonly [number, number, number];
  readonly serverName?: string;
  /** Acknowledged where the client asks for them. Default: UTF8_SUPPORT. */
  readonly features?: readonly { readonly id: number; readonly data: Uint8Array }[];
  /** Tokens put into the login reply before LOGINACK. */
  readonly loginTokens?: Uint8Array;
  /** How sp_cursorfetch describes its rows. Default `listed`. */
  readonly rowstat?: RowstatForm;
  /** Where an attention that interrupts a reply is acknowledged: after its end, as servers do, or at its end. Default: `own message`. */
  readonly attention?: 'own message' | 'same message';
  readonly answers?: readonly CannedAnswer[];
  /** Asked where no answer matches: say, what reads the catalogue. `undefined` for what it does not know. */
  readonly catalogue?: (
    text: string,
    request: CannedRequest,
  ) => readonly CannedItem[] | undefined | Promise<readonly CannedItem[] | undefined>;
}

/** What connections share. */
export interface CannedServerState {
  readonly options: CannedSqlServerOptions;
  readonly certificate: CertificateAndKey;
  readonly accounts: Readonly<Record<string, string>>;
  readonly answers: CannedAnswer[];
  readonly logins: CannedLogin[];
  readonly requests: CannedRequest[];
  readonly protocolErrors: string[];
}
