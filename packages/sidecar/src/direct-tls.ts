import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type ClientTls, encryptClientStream } from '@sqlwarden/runtime';

/** A TLS record of the handshake (RFC 8446 section 5.1). No start-up packet begins with it: its length would be 385 MB. */
const TLS_HANDSHAKE = 0x16;

/**
 * What a client speaks at first: the start-up packets, or TLS at once ("SSL Session Encryption" of the PostgreSQL protocol documentation), which is
 * then begun. `undefined`: it has gone, said nothing for `timeoutMs`, or did not agree to speak `alpn`; the socket is destroyed. The
 * result is not read from until somebody does.
 */
export async function openingOf(
  socket: Socket,
  tls: ClientTls,
  alpn: string,
  timeoutMs: number,
): Promise<{ readonly stream: Socket | TLSSocket; readonly encrypted: boolean } | undefined> {
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  try {
    const first = await firstByte(socket);
    if (first === undefined) return undefined;
    if (first !== TLS_HANDSHAKE) return { stream: socket, encrypted: false };
    const secure = encryptClientStream(socket, tls, alpn);
    if (await isSecured(secure, alpn)) return { stream: secure, encrypted: true };
    secure.destroy();
    socket.destroy();
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Looked at and put back; the socket is paused then. */
function firstByte(socket: Socket): Promise<number | undefined> {
  return new Promise((resolve) => {
    const gone = (): void => resolve(undefined);
    const leave = (): void => void socket.destroy();
    socket.once('close', gone);
    socket.once('end', leave);
    socket.once('data', (chunk: Buffer) => {
      socket.off('close', gone);
      socket.off('end', leave);
      socket.pause();
      socket.unshift(chunk);
      resolve(chunk[0]);
    });
  });
}

function isSecured(secure: TLSSocket, alpn: string): Promise<boolean> {
  return new Promise((resolve) => {
    secure.once('secure', () => resolve(secure.alpnProtocol === alpn));
    secure.on('error', () => resolve(false));
    secure.once('close', () => resolve(false));
  });
}
