import { expect, it } from 'vitest';
import { makeCertificate } from '@slipway/testkit';
import { ownAddress } from './own-address.ts';

it.each([
  ['http://127.0.0.1:4566', 'http://127.0.0.1:4566'], ['http://0.0.0.0:4566', 'http://127.0.0.1:4566'], ['http://[::]:4566', 'http://[::1]:4566'], ['http://192.0.2.7:4566', 'http://192.0.2.7:4566'],
])('a server that listens at %s is reached at %s by programs of its machine', (endpoint, own) => {
  expect(ownAddress(endpoint)).toBe(own);
});

it.each([
  ['https://127.0.0.1:4566', ['IP:127.0.0.1', 'DNS:ci.example.com'], 'https://127.0.0.1:4566'], ['https://0.0.0.0:4566', ['DNS:localhost', 'DNS:ci.example.com'], 'https://localhost:4566'],
  ['https://0.0.0.0:4566', ['DNS:*.example.com', 'DNS:ci.example.com'], 'https://ci.example.com:4566'], ['https://192.0.2.7:443', ['DNS:ci.example.com'], 'https://ci.example.com'],
  ['https://[::]:4566', ['IP:::1'], 'https://[::1]:4566'], ['https://127.0.0.1:4566', ['DNS:*.example.com'], 'https://127.0.0.1:4566'],
] as const)('over TLS %s, with a certificate for %s, is reached at %s', (endpoint, names, own) => {
  const made = makeCertificate(names);
  expect(ownAddress(endpoint, made.certificate)).toBe(own);
  made.remove();
});
