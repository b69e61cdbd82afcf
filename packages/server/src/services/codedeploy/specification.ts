import { Integer, OctetString, PrintableString } from 'asn1js';
import { AttributeTypeAndValue, Certificate, ContentInfo, CryptoEngine, EncapsulatedContentInfo, IssuerAndSerialNumber, setEngine, SignedData, SignerInfo } from 'pkijs';
import { webcrypto } from 'node:crypto';

/** What a host's agent is told about a deployment, in the agent's own spelling. */
export interface Specification {
  readonly DeploymentId: string;
  readonly DeploymentGroupId: string;
  readonly DeploymentGroupName: string;
  readonly ApplicationName: string;
  readonly DeploymentCreator: string;
  readonly DeploymentType: 'IN_PLACE';
  readonly AgentActionOverrides?: { readonly AgentOverrides: { readonly FileExistsBehavior: string } };
  readonly Revision: {
    readonly RevisionType: 'S3';
    readonly S3Revision: { readonly Bucket: string; readonly Key: string; readonly BundleType: string; readonly Version?: string; readonly ETag?: string };
  };
}

/** Signs specifications as the agents expect them: PKCS#7 signed data with the content and the signer's certificate inside. */
export interface SpecificationSigner {
  /** Makes the key ahead of the first specification, for that takes a noticeable moment. */
  prepare(): void;
  sign(specification: Specification): Promise<{ Format: 'PKCS7/JSON'; Payload: string }>;
}

const ID_DATA = '1.2.840.113549.1.7.1';
const ID_SIGNED_DATA = '1.2.840.113549.1.7.2';
const COMMON_NAME = '2.5.4.3';
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
const CERTIFICATE_YEARS = 10;

/**
 * A signer whose key lives as long as the process: agents check the signature against the certificate in the message, and know
 * the server by the connection.
 */
export function createSpecificationSigner(now: () => number): SpecificationSigner {
  let made: Promise<Identity> | undefined;
  const identity = (): Promise<Identity> => (made ??= makeIdentity(now()));
  return {
    prepare() {
      // Whoever signs is told what went wrong.
      identity().catch(() => {});
    },
    async sign(specification) {
      return { Format: 'PKCS7/JSON', Payload: await signPem(JSON.stringify(specification), await identity()) };
    },
  };
}

interface Identity {
  readonly key: webcrypto.CryptoKey;
  readonly certificate: Certificate;
}

async function makeIdentity(now: number): Promise<Identity> {
  setEngine('node', new CryptoEngine({ name: 'node', crypto: webcrypto as never }));
  const { privateKey, publicKey } = await webcrypto.subtle.generateKey(RSA, false, ['sign', 'verify']);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: 1 });
  for (const name of [certificate.issuer, certificate.subject]) {
    name.typesAndValues.push(new AttributeTypeAndValue({ type: COMMON_NAME, value: new PrintableString({ value: 'Slipway deployment signer' }) }));
  }
  certificate.notBefore.value = new Date(now - 86_400_000);
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + CERTIFICATE_YEARS);
  certificate.notAfter.value = end;
  await certificate.subjectPublicKeyInfo.importKey(publicKey as never);
  await certificate.sign(privateKey as never, 'SHA-256');
  return { key: privateKey, certificate };
}

async function signPem(content: string, { key, certificate }: Identity): Promise<string> {
  const data = new EncapsulatedContentInfo({ eContentType: ID_DATA });
  // Set rather than given to the constructor, which would cut it into pieces that not every reader of PKCS#7 puts together.
  data.eContent = new OctetString({ valueHex: new TextEncoder().encode(content) });
  const signed = new SignedData({
    version: 1,
    encapContentInfo: data,
    signerInfos: [new SignerInfo({ version: 1, sid: new IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }) })],
    certificates: [certificate],
  });
  await signed.sign(key as never, 0, 'SHA-256');
  const der = new ContentInfo({ contentType: ID_SIGNED_DATA, content: signed.toSchema(true) }).toSchema().toBER(false);
  const lines = Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PKCS7-----\n${lines.join('\n')}\n-----END PKCS7-----\n`;
}
