import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { SourceError } from '../sources/index.ts';
import { textFromS3, type TextRequest } from './s3-text.ts';

/** The certificates that the project's environment names, PEM in S3, read as the build's role. @throws SourceError */
export async function readCertificate(peers: Peers, request: TextRequest): Promise<string | undefined> {
  const { certificate } = request.build.definition.environment;
  if (!certificate) return undefined;
  try {
    const text = await textFromS3(peers, request, certificate, 'certificate');
    if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new SourceError(`the certificate ${certificate} is not in PEM`);
    return text;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new SourceError(`the certificate ${certificate} cannot be read: ${error.name}: ${error.message}`, { cause: error });
  }
}
