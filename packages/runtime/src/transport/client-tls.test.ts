import { describe, expect, it } from '@jest/globals';
import { Duplex } from 'node:stream';
import { alternativeNames, shownCertificate } from './client-tls.js';

describe('the names of a certificate', () => {
  it.each([
    ['', []],
    [
      'DNS:localhost, URI:spiffe://a/b',
      [
        ['DNS', 'localhost'],
        ['URI', 'spiffe://a/b'],
      ],
    ],
    ['URI:"spiffe://a/b, URI:spiffe://evil/b"', [['URI', 'spiffe://a/b, URI:spiffe://evil/b']]],
    ['DNS:"x\\", URI:spiffe://evil/b"', [['DNS', 'x", URI:spiffe://evil/b']]],
    [
      'IP Address:127.0.0.1, DNS:a',
      [
        ['IP Address', '127.0.0.1'],
        ['DNS', 'a'],
      ],
    ],
  ])('are told apart: %j', (text, names) => {
    expect(alternativeNames(text)).toEqual(names);
  });

  it.each(['nonsense', 'URI:"open', 'DNS:a, ,URI:b', 'DNS:a"b, URI:c'])('are nobody where they cannot be read: %j', (text) => {
    expect(alternativeNames(text)).toEqual([]);
  });
});

it('outside of TLS there is no certificate', () => {
  expect(shownCertificate(new Duplex())).toEqual({ kind: 'none' });
});
