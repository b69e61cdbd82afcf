import { createHash } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { zipArtifact, type CollectedArtifact, type Manifest } from '@slipway/builder';
import type { BuildArtifacts, PhaseContext } from '@slipway/contracts/codebuild';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { ownerAcl, s3Arn, withBody } from '../buckets.ts';
import type { BuiltArtifacts, StoredBuild } from '../builds/build.ts';
import { destination, pairings, type Destination } from './destinations.ts';

export interface UploadRequest {
  readonly build: StoredBuild;
  readonly role: Caller;
  readonly folder: string;
  readonly collected: readonly CollectedArtifact[];
  readonly signal: AbortSignal;
}

export interface Uploaded {
  readonly artifacts: BuiltArtifacts;
  readonly lines: readonly string[];
  /** Why the phase fails. */
  readonly problem?: PhaseContext;
}

/** Puts a build's artifacts into S3, as its role. The first problem ends it. */
export async function uploadArtifacts({ peers }: { peers: Peers }, request: UploadRequest): Promise<Uploaded> {
  const { build, collected } = request;
  const lines: string[] = [];
  const secondary: BuildArtifacts[] = [];
  let primary: BuildArtifacts | undefined;
  const answer = (problem?: PhaseContext): Uploaded => ({ artifacts: { ...(primary ? { primary } : {}), secondary }, lines, ...(problem ? { problem } : {}) });
  for (const { settings, collected: artifact } of pairings(build, collected)) {
    const called = settings?.artifactIdentifier ?? artifact?.identifier ?? undefined;
    const suffix = called === undefined ? '' : ` for ${called}`;
    if (!artifact) lines.push(`No artifact files specified${suffix}`);
    else if (!settings) lines.push(`The artifact${suffix} is not uploaded: the project has no artifacts of this identifier`);
    if (!artifact || !settings) continue;
    if (!artifact.manifest) return answer(artifact.error ?? { statusCode: 'CLIENT_ERROR', message: 'no matching artifact paths found' });
    const to = destination(build, settings, artifact.name, artifact.s3Prefix);
    lines.push(`Uploading artifact${suffix} to s3://${to.bucket}/${to.key}`);
    try {
      const put = await (to.zip ? putArchive : putFiles)(peers, request, to, artifact.manifest);
      if (settings === build.definition.artifacts) primary = put;
      else secondary.push(put);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return answer({ statusCode: 'CLIENT_ERROR', message: `${error.name}: ${error.message}` });
    }
  }
  return answer();
}

function shown({ bucket, key, settings }: Destination, sums: { sha256sum?: string; md5sum?: string } = {}): BuildArtifacts {
  return {
    location: s3Arn({ bucket, key }), ...sums, overrideArtifactName: settings.overrideArtifactName ?? false, encryptionDisabled: settings.encryptionDisabled ?? false,
    ...(settings.bucketOwnerAccess === undefined ? {} : { bucketOwnerAccess: settings.bucketOwnerAccess }),
    ...(settings.artifactIdentifier === undefined ? {} : { artifactIdentifier: settings.artifactIdentifier }),
  };
}

/** Written to a file first: its sums and size are known before S3 is asked. */
async function putArchive(peers: Peers, { build, role, folder, signal }: UploadRequest, to: Destination, manifest: Manifest): Promise<BuildArtifacts> {
  const file = join(folder, 'artifact.zip');
  const sums = { sha256: createHash('sha256'), md5: createHash('md5') };
  try {
    await pipeline(zipArtifact(manifest), async function* (source: AsyncIterable<Buffer>) {
      for await (const piece of source) {
        sums.sha256.update(piece);
        sums.md5.update(piece);
        yield piece;
      }
    }, createWriteStream(file, { mode: 0o600 }), { signal });
    const { size } = await stat(file);
    await withBody(createReadStream(file), (Body) => peers.as(role).s3.PutObject({ Bucket: to.bucket, Key: to.key, Body, ContentLength: size, ContentType: 'application/zip', ...ownerAcl(to.settings.bucketOwnerAccess) }, { region: build.region, signal }));
    return shown(to, { sha256sum: sums.sha256.digest('hex'), md5sum: sums.md5.digest('hex') });
  } finally {
    await rm(file, { force: true });
  }
}

/** So many that their waits for the disk fall together. */
const AT_ONCE = 8;

async function putFiles(peers: Peers, { build, role, signal }: UploadRequest, to: Destination, manifest: Manifest): Promise<BuildArtifacts> {
  let next = 0;
  const problems: unknown[] = [];
  const putInTurn = async (): Promise<void> => {
    for (let entry = manifest.entries[next++]; entry !== undefined && problems.length === 0; entry = manifest.entries[next++]) {
      const { path, file, size } = entry;
      const Key = to.key === '' ? path : `${to.key}/${path}`;
      try {
        const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
        await withBody(handle.createReadStream(), (Body) => peers.as(role).s3.PutObject({ Bucket: to.bucket, Key, Body, ContentLength: size, ...ownerAcl(to.settings.bucketOwnerAccess) }, { region: build.region, signal }));
      } catch (error) {
        problems.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, putInTurn));
  if (problems.length > 0) throw problems[0];
  return shown(to);
}
