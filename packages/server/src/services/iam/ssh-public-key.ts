import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fail } from './fail.ts';

const LEAST_BITS = 2_048;
const MOST_BITS = 16_384;

/** An RSA key as it travels in SSH: base64 of type, exponent and modulus. */
export interface SshPublicKeyText {
  /** `ssh-rsa AAAA…`, without a comment. */
  readonly ssh: string;
  /** Subject public key info. */
  readonly pem: string;
  /** MD5 of the key as SSH has it, as AWS shows it: `7a:1d:…`. */
  readonly fingerprint: string;
}

/** Reads a key in one of the two encodings that IAM takes. @throws UnrecognizedPublicKeyEncodingException, InvalidPublicKeyException */
export function readSshPublicKey(body: string): SshPublicKeyText {
  const text = body.trim();
  const key = text.startsWith('ssh-rsa ') ? fromSsh(text) : text.startsWith('-----BEGIN') ? fromPem(text) : undefined;
  if (key === undefined) throw fail('UnrecognizedPublicKeyEncodingException', 'The public key must be an RSA key, in the ssh-rsa format or in PEM.');
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < LEAST_BITS || bits > MOST_BITS) throw fail('InvalidPublicKeyException', `The public key must be an RSA key of at least ${LEAST_BITS} bits.`);
  const blob = sshBlob(key);
  return {
    ssh: `ssh-rsa ${blob.toString('base64')}`,
    pem: key.export({ type: 'spki', format: 'pem' }).toString().trim(),
    fingerprint: createHash('md5').update(blob).digest('hex').match(/../g)?.join(':') ?? '',
  };
}

function fromPem(text: string): KeyObject | undefined {
  // A private key would be read too, and its secret must not be kept.
  if (!/^-----BEGIN (RSA )?PUBLIC KEY-----/.test(text)) return undefined;
  try {
    return createPublicKey(text);
  } catch (cause) {
    throw fail('InvalidPublicKeyException', 'The public key is malformed.', { cause });
  }
}

function fromSsh(text: string): KeyObject {
  const blob = Buffer.from(text.split(/\s+/)[1] ?? '', 'base64');
  const fields: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length && fields.length < 4;) {
    const length = blob.readUInt32BE(at);
    fields.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [type, exponent, modulus] = fields;
  try {
    if (type?.toString('latin1') !== 'ssh-rsa' || exponent === undefined || modulus === undefined || fields.length !== 3) throw new Error('not the three fields of an RSA key');
    return createPublicKey({ key: { kty: 'RSA', e: unsigned(exponent).toString('base64url'), n: unsigned(modulus).toString('base64url') }, format: 'jwk' });
  } catch (cause) {
    throw fail('InvalidPublicKeyException', 'The public key is malformed.', { cause });
  }
}

function sshBlob(key: KeyObject): Buffer {
  const { e = '', n = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([Buffer.from('ssh-rsa'), signed(Buffer.from(e, 'base64url')), signed(Buffer.from(n, 'base64url'))].map((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return Buffer.concat([length, field]);
  }));
}

/** SSH's integers have a sign: a leading zero keeps a set first bit from being one. */
const signed = (bytes: Buffer): Buffer => ((bytes[0] ?? 0) >= 128 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
const unsigned = (bytes: Buffer): Buffer => (bytes[0] === 0 ? bytes.subarray(1) : bytes);
