import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../builds/build.ts';
import { maxBuildspecBytes } from '../limits.ts';
import { s3Place, SourceError } from '../sources/index.ts';

/** The certificates that the project's environment names, PEM in S3, read as the build's role. @throws SourceError */
export async function readCertificate(peers: Peers, { definition, region }: StoredBuild, role: Caller): Promise<string | undefined> {
  const { certificate } = definition.environment;
  if (!certificate) return undefined;
  const { bucket, key } = s3Place(certificate);
  try {
    const { Body, ContentLength = 0 } = await peers.as(role).s3.GetObject({ Bucket: bucket, Key: key }, { region });
    if (ContentLength > maxBuildspecBytes) throw new SourceError(`the certificate ${certificate} is larger than ${maxBuildspecBytes} bytes`);
    const pieces: Buffer[] = [];
    for await (const piece of Body ?? []) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString('utf8');
    if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new SourceError(`the certificate ${certificate} is not in PEM`);
    return text;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new SourceError(`the certificate ${certificate} cannot be read: ${error.name}: ${error.message}`, { cause: error });
  }
}
