import { BuildspecError, loadBuildspec, parseBuildspec, type Buildspec, type HostKey, type Runtimes } from '@slipway/builder';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { isS3Arn } from '../buckets.ts';
import { textFromS3, type TextRequest } from './s3-text.ts';

export interface BuildspecRequest extends TextRequest {
  /** The primary source's folder. */
  readonly folder: string;
  /** What the environment has, where that is known. */
  readonly runtimes: Runtimes | undefined;
}

/** Where a project says its buildspec is: in the text itself, in S3, or in the source. */
export function buildspecPlace(text: string | undefined): { inline: string } | { s3: string } | { file: string } {
  if (text === undefined || text.trim() === '') return { file: 'buildspec.yml' };
  if (/\n/.test(text) || /^\s*["']?version["']?\s*:/.test(text) || text.trimStart().startsWith('{')) return { inline: text };
  return isS3Arn(text) ? { s3: text } : { file: text };
}

/** What a buildspec asks of whoever runs the build, and this room does. */
const honours: readonly HostKey[] = ['parameter-store', 'secrets-manager', 'cache', 's3-prefix', 'on-failure: RETRY'];

/** @throws BuildspecError, SourceError */
export async function readBuildspec({ peers }: { peers: Peers }, request: BuildspecRequest): Promise<Buildspec> {
  const { build, folder, runtimes } = request;
  const options = { honours, ...(runtimes === undefined ? {} : { runtimes }) };
  const place = buildspecPlace(build.definition.source.buildspec);
  if ('inline' in place) return parseBuildspec(place.inline, { file: "the project's buildspec", ...options });
  if ('file' in place) return loadBuildspec(folder, place.file, options);
  return parseBuildspec(await fromS3(peers, request, place.s3), { file: place.s3, ...options });
}

async function fromS3(peers: Peers, request: TextRequest, arn: string): Promise<string> {
  try {
    return await textFromS3(peers, request, arn, 'buildspec');
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new BuildspecError({ file: arn, line: 1, column: 1, key: '', problem: `The buildspec cannot be read: ${error.name}: ${error.message}` }, { cause: error });
  }
}
