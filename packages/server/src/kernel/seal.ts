import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Keeps secrets unreadable at rest. `place` (`table/column/id`) is authenticated with them, so that a sealed text
 * copied into another row does not open there.
 */
export interface Seal {
  seal(plain: string, place: string): string;
  /** Throws when the text was changed, belongs to another place, or was sealed under a master key that is not given. */
  open(sealed: string, place: string): string;
}

/** One-way, for passwords and tokens that are random already: equal texts of one purpose give equal hashes, useless without the key. */
export type KeyedHash = (text: string, purpose: string) => string;

const VERSION = 1;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 8;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A key for one purpose from the master key, which itself encrypts nothing. */
export function deriveKey(master: Uint8Array, purpose: string): Buffer {
  if (master.length !== KEY_BYTES) throw new Error(`The master key must have ${KEY_BYTES} bytes`);
  return Buffer.from(hkdfSync('sha256', master, 'slipway', purpose, KEY_BYTES));
}

export function createKeyedHash(master: Uint8Array): KeyedHash {
  const key = deriveKey(master, 'keyed hash');
  return (text, purpose) => createHmac('sha256', key).update(`${purpose}\0${text}`).digest('base64url');
}

/**
 * Envelope encryption: each text under a data key of its own, that key under the master key. `previous` master keys
 * open what they sealed. A sealed text is base64 of: version, master key's id, wrapped data key, encrypted text.
 */
export function createSeal(master: Uint8Array, previous: readonly Uint8Array[] = []): Seal {
  const current = wrapping(master);
  const byId = new Map([master, ...previous].map((key) => [wrapping(key).id.toString('hex'), wrapping(key)]));
  return {
    seal(plain, place) {
      const dataKey = randomBytes(KEY_BYTES);
      const head = Buffer.concat([Buffer.from([VERSION]), current.id]);
      return Buffer.concat([head, encrypt(current.key, dataKey, head), encrypt(dataKey, Buffer.from(plain), Buffer.from(place))]).toString('base64');
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64');
      const head = bytes.subarray(0, 1 + KEY_ID_BYTES);
      const key = byId.get(head.subarray(1).toString('hex'));
      if (bytes[0] !== VERSION || !key) throw new Error(`The secret at ${place} was sealed under another master key`);
      const body = head.length + IV_BYTES + KEY_BYTES + TAG_BYTES;
      try {
        const dataKey = decrypt(key.key, bytes.subarray(head.length, body), head);
        return decrypt(dataKey, bytes.subarray(body), Buffer.from(place)).toString();
      } catch (cause) {
        throw new Error(`The secret at ${place} cannot be opened`, { cause });
      }
    },
  };
}

function wrapping(master: Uint8Array): { id: Buffer; key: Buffer } {
  return { id: deriveKey(master, 'id').subarray(0, KEY_ID_BYTES), key: deriveKey(master, 'seal') };
}

function encrypt(key: Uint8Array, plain: Uint8Array, authenticated: Uint8Array): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(authenticated);
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, bytes: Uint8Array, authenticated: Uint8Array): Buffer {
  const tag = bytes.subarray(bytes.length - TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES }).setAAD(authenticated).setAuthTag(tag);
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, bytes.length - TAG_BYTES)), decipher.final()]);
}
