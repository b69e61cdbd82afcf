import { fromBER, OctetString } from 'asn1js';
import { ContentInfo, CryptoEngine, setEngine, SignedData } from 'pkijs';
import { BUNDLE_TYPES } from './unpack.ts';
import type { BundleType } from './unpack.ts';
import { FILE_EXISTS_BEHAVIORS } from './appspec.ts';
import type { FileExistsBehavior } from './appspec.ts';

/** What a deployment is: the signed document that the server answers to GetDeploymentSpecification. */
export interface DeploymentSpecification {
  /** `d-…` */
  readonly deploymentId: string;
  readonly deploymentGroupId: string;
  readonly deploymentGroupName: string;
  readonly applicationName: string;
  readonly appSpecFilename: string | undefined;
  /** Undefined where the deployment says nothing: the AppSpec, then DISALLOW, decides. */
  readonly fileExistsBehavior: FileExistsBehavior | undefined;
  readonly revision: S3Revision;
}

export interface S3Revision {
  readonly bucket: string;
  readonly key: string;
  readonly bundleType: BundleType;
  readonly version: string | undefined;
  readonly etag: string | undefined;
}

/** As GetDeploymentSpecification carries it. */
export interface Envelope {
  readonly Format?: string;
  readonly Payload?: string;
}

export class SpecificationError extends Error {
  override readonly name = 'SpecificationError';
}

const ID_DATA = '1.2.840.113549.1.7.1';

/**
 * The content of a PKCS#7 signed-data PEM, its signature checked against the signer certificate inside it. That proves the
 * document whole; who sent it is proven by the connection.
 */
export async function openSigned(pem: string): Promise<string> {
  setEngine('node', new CryptoEngine({ name: 'node', crypto: globalThis.crypto as never }));
  const body = /-----BEGIN PKCS7-----([A-Za-z0-9+/=\s]+)-----END PKCS7-----/.exec(pem)?.[1];
  if (body === undefined) throw new SpecificationError('the deployment specification is not a PKCS#7 PEM');
  const parsed = fromBER(new Uint8Array(Buffer.from(body, 'base64')));
  if (parsed.offset === -1) throw new SpecificationError('the deployment specification is not valid PKCS#7');
  let verified: boolean;
  let signed: SignedData;
  try {
    signed = new SignedData({ schema: new ContentInfo({ schema: parsed.result }).content });
    if (signed.signerInfos.length !== 1) throw new SpecificationError(`the deployment specification has ${signed.signerInfos.length} signers instead of one`);
    verified = await signed.verify({ signer: 0, checkChain: false });
  } catch (cause) {
    if (cause instanceof SpecificationError) throw cause;
    throw new SpecificationError('the deployment specification\'s signature is wrong', { cause });
  }
  if (!verified) throw new SpecificationError('the deployment specification\'s signature is wrong');
  const content = signed.encapContentInfo;
  if (content.eContentType !== ID_DATA || !(content.eContent instanceof OctetString)) throw new SpecificationError('the deployment specification holds no content');
  return Buffer.from(content.eContent.getValue()).toString('utf8');
}

/** Opens and reads a specification; names every member that is missing or that this agent cannot honour. */
export async function readSpecification(system: string | undefined, envelope: Envelope | undefined): Promise<DeploymentSpecification> {
  if (system !== 'CodeDeploy') throw new SpecificationError(`the deployment system is "${system ?? ''}" instead of CodeDeploy`);
  if (envelope?.Format !== 'PKCS7/JSON' || envelope.Payload === undefined) {
    throw new SpecificationError(`the deployment specification's format is "${envelope?.Format ?? ''}" instead of PKCS7/JSON`);
  }
  return parseSpecification(await openSigned(envelope.Payload));
}

export function parseSpecification(json: string): DeploymentSpecification {
  const root = members(JSON.parse(json), 'the deployment specification');
  return {
    deploymentId: folderName(text(root, 'DeploymentId').replace(/^arn:.*:deployment\//, ''), 'DeploymentId'),
    deploymentGroupId: folderName(text(root, 'DeploymentGroupId'), 'DeploymentGroupId'),
    deploymentGroupName: text(root, 'DeploymentGroupName'),
    applicationName: text(root, 'ApplicationName'),
    appSpecFilename: optionalText(root, 'AppSpecFilename'),
    fileExistsBehavior: readBehavior(root),
    revision: readRevision(members(root['Revision'], 'Revision')),
  };
}

function readBehavior(root: Members): FileExistsBehavior | undefined {
  const actions = root['AgentActionOverrides'];
  if (actions === undefined || actions === null) return undefined;
  const overrides = members(actions, 'AgentActionOverrides')['AgentOverrides'];
  if (overrides === undefined || overrides === null) return undefined;
  const behavior = optionalText(members(overrides, 'AgentOverrides'), 'FileExistsBehavior');
  if (behavior === undefined) return undefined;
  const known = FILE_EXISTS_BEHAVIORS.find((value) => value === behavior.toUpperCase());
  if (known === undefined) {
    throw new SpecificationError(`The deployment failed because an invalid option was specified for fileExistsBehavior: ${behavior}. Valid options include OVERWRITE, RETAIN, and DISALLOW.`);
  }
  return known;
}

function readRevision(revision: Members): S3Revision {
  const type = text(revision, 'RevisionType');
  if (type !== 'S3') throw new SpecificationError(`revisions of type ${type} are not supported by Slipway's agent yet`);
  const s3 = members(revision['S3Revision'], 'S3Revision');
  const bundle = text(s3, 'BundleType');
  const bundleType = BUNDLE_TYPES.find((known) => known === bundle);
  if (bundleType === undefined) throw new SpecificationError(`bundles of type ${bundle} are not supported by Slipway's agent yet; accepted: ${BUNDLE_TYPES.join(', ')}`);
  return { bucket: text(s3, 'Bucket'), key: text(s3, 'Key'), bundleType, version: optionalText(s3, 'Version'), etag: optionalText(s3, 'ETag') };
}

type Members = Readonly<Record<string, unknown>>;

function members(value: unknown, name: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SpecificationError(`${name} is missing or not an object`);
  return value as Members;
}

function text(from: Members, name: string): string {
  const value = optionalText(from, name);
  if (value === undefined) throw new SpecificationError(`${name} is missing from the deployment specification`);
  return value;
}

function optionalText(from: Members, name: string): string | undefined {
  const value = from[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new SpecificationError(`${name} in the deployment specification is not a string`);
  return value;
}

/** Ids become folders under the agent's root. */
function folderName(value: string, name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(value)) throw new SpecificationError(`${name} in the deployment specification is malformed: "${value}"`);
  return value;
}
