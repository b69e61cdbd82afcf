import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/**
 * The base URL at which this machine's own programs, builds among them, reach a server that listens at `endpoint`: over
 * loopback where it listens on every address, and over TLS by a name that its certificate is for, as far as it has one.
 */
export function ownAddress(endpoint: string, certificates?: string): string {
  const url = new URL(endpoint.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:'));
  const base = (host: string): string => `${url.protocol}//${host}${url.port === '' ? '' : `:${url.port}`}`;
  if (certificates === undefined) return base(url.hostname);
  const certificate = new X509Certificate(certificates);
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const covers = (host: string): boolean => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
  if (covers(address)) return base(url.hostname);
  if ((address === '::1' || address.startsWith('127.')) && covers('localhost')) return base('localhost');
  return base(namesOf(certificate).find((name) => !name.includes('*')) ?? url.hostname);
}

const namesOf = ({ subjectAltName = '' }: X509Certificate): string[] => subjectAltName.split(', ').flatMap((entry) => (entry.startsWith('DNS:') ? [entry.slice(4)] : []));
