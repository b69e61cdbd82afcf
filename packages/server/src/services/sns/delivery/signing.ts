import { createHash, createPrivateKey, generateKeyPair, sign as signBytes, webcrypto } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { AttributeTypeAndValue, Certificate, CryptoEngine } from 'pkijs';
import { Integer, PrintableString } from 'asn1js';
import type { SnsDeps } from '../deps.ts';
import { reading, writing } from '../tables.ts';
import type { Query, SigningKeyRow } from '../tables.ts';

/** The installation's key, the same on all servers of one database: its certificate is how subscribers know our messages. */
export interface Signer {
  /** Base64. Version 1 is SHA-1, version 2 SHA-256, both with RSA. */
  sign(text: string, version: '1' | '2'): Promise<string>;
  /** `/SimpleNotificationService-<hash>.pem` */
  certificatePath(): Promise<string>;
  /** The PEM at that path; undefined for any other. */
  certificateAt(path: string): Promise<string | undefined>;
}

const KEY = { account: '', region: '', id: 'rsa' } as const;
const SEALED_AT = 'sns_signing_keys/private_key/rsa';
const VALID_YEARS = 20;

const makePair = promisify(generateKeyPair);

export const isCertificatePath = (path: string): boolean => /^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/.test(path);

/** Makes the key when it is first needed. */
export function createSigner({ db, clock, seal }: Pick<SnsDeps, 'db' | 'clock' | 'seal'>): Signer {
  let held: Promise<{ key: KeyObject; pem: string; path: string }> | undefined;

  async function load() {
    const row = (await find(reading(db))) ?? (await make());
    const key = createPrivateKey(seal.open(row.private_key, SEALED_AT));
    return { key, pem: row.certificate, path: `/SimpleNotificationService-${createHash('sha256').update(row.certificate).digest('hex').slice(0, 32)}.pem` };
  }

  async function make(): Promise<SigningKeyRow> {
    const now = clock.now();
    const { privateKey, publicKey } = await makePair('rsa', { modulusLength: 2048 });
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
    const certificate = await selfSigned(pkcs8, publicKey.export({ type: 'spki', format: 'der' }), now);
    const row = { ...KEY, private_key: seal.seal(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), SEALED_AT), certificate, created: now };
    // Of two servers that make one at the same time, the first wins.
    return db.transaction(async (tx) => {
      await writing(tx).insertInto('sns_signing_keys').values(row).onConflict((known) => known.doNothing()).execute();
      return (await find(writing(tx))) ?? row;
    });
  }

  const get = () => (held ??= load().catch((error: unknown) => {
    held = undefined;
    throw error;
  }));

  return {
    async sign(text, version) {
      const { key } = await get();
      return new Promise((resolve, reject) => {
        signBytes(version === '2' ? 'RSA-SHA256' : 'RSA-SHA1', Buffer.from(text), key, (error, bytes) => (error ? reject(error) : resolve(bytes.toString('base64'))));
      });
    },
    certificatePath: async () => (await get()).path,
    async certificateAt(path) {
      const known = await get();
      return known.path === path ? known.pem : undefined;
    },
  };
}

function find(query: Query): Promise<SigningKeyRow | undefined> {
  return query.selectFrom('sns_signing_keys').selectAll().where('account', '=', KEY.account).where('region', '=', KEY.region).where('id', '=', KEY.id).executeTakeFirst();
}

async function selfSigned(pkcs8: Buffer, spki: Buffer, now: number): Promise<string> {
  const engine = new CryptoEngine({ name: 'node', crypto: webcrypto as unknown as ConstructorParameters<typeof CryptoEngine>[0]['crypto'] });
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const privateKey = await engine.importKey('pkcs8', new Uint8Array(pkcs8), algorithm, true, ['sign']);
  const publicKey = await engine.importKey('spki', new Uint8Array(spki), algorithm, true, ['verify']);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: 1 });
  const name = [['2.5.4.10', 'Slipway'], ['2.5.4.3', 'sns.amazonaws.com']] as const;
  for (const [type, value] of name) {
    for (const side of [certificate.subject, certificate.issuer]) side.typesAndValues.push(new AttributeTypeAndValue({ type, value: new PrintableString({ value }) }));
  }
  // A verifier's clock may be behind ours.
  certificate.notBefore.value = new Date(now - 24 * 60 * 60 * 1000);
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + VALID_YEARS);
  certificate.notAfter.value = end;
  await certificate.subjectPublicKeyInfo.importKey(publicKey, engine);
  await certificate.sign(privateKey, 'SHA-256', engine);
  const base64 = Buffer.from(certificate.toSchema(true).toBER(false)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
