#!/bin/sh
# A command for ledger.keys of sqlwarden: signs checkpoints with an Ed25519 key in a file, through openssl.
#   ledger: { keys: { command: [./sign-with-openssl.sh, /run/secrets/ledger.pem] } }
# Make a key with: openssl genpkey -algorithm ed25519 -out ledger.pem
# With a key management service, put its own two calls in the place of the two of openssl.
set -eu
key=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $2 in
  public-key)
    # The last 32 bytes of the SubjectPublicKeyInfo (RFC 8410) are the key.
    openssl pkey -in "$key" -pubout -outform DER -out "$work/public"
    tail -c 32 "$work/public" | base64
    ;;
  sign)
    # Ed25519 signs a message as a whole; openssl wants to know its size beforehand.
    cat > "$work/message"
    openssl pkeyutl -sign -rawin -inkey "$key" -in "$work/message" -out "$work/signature"
    base64 -w 0 "$work/signature"
    ;;
  *)
    echo "usage: $0 <key file> public-key|sign" >&2
    exit 2
    ;;
esac
