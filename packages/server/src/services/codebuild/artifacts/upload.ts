import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { addAbortSignal, Readable } from 'node:stream';
import { zipArtifact, type CollectedArtifact, type Manifest, type ManifestEntry } from '@slipway/builder';
import type { BuildArtifacts, PhaseContext } from '@slipway/contracts/codebuild';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { ownerAcl, s3Arn, withBody } from '../buckets.ts';
import type { BuiltArtifacts, StoredBuild } from '../builds/build.ts';
import { CHECKED, READ_BYTES } from './bytes.ts';
import { destination, pairings, type Destination } from './destinations.ts';

export interface UploadRequest {
  readonly build: StoredBuild;
  readonly role: Caller;
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

const GATHERED_BYTES = 262_144;

/** S3 takes the zip as it comes; one that breaks off leaves no object. */
async function putArchive(peers: Peers, { build, role, signal }: UploadRequest, to: Destination, manifest: Manifest): Promise<BuildArtifacts> {
  const sums = { sha256: createHash('sha256'), md5: createHash('md5') };
  const zip = addAbortSignal(signal, zipArtifact(manifest));
  // It may break off before S3 reads: whoever reads it then meets the error.
  zip.on('error', () => undefined);
  const summed = Readable.from((async function* () {
    for await (const piece of gathered(zip)) {
      sums.sha256.update(piece);
      sums.md5.update(piece);
      yield piece;
    }
  })(), { highWaterMark: 1 });
  try {
    await withBody(summed, (Body) => peers.as(role).s3.PutObject({ Bucket: to.bucket, Key: to.key, Body, ContentType: 'application/zip', ...CHECKED, ...ownerAcl(to.settings.bucketOwnerAccess) }, { region: build.region, signal }));
  } finally {
    zip.destroy();
  }
  return shown(to, { sha256sum: sums.sha256.digest('hex'), md5sum: sums.md5.digest('hex') });
}

/** A zip comes in thousands of small pieces: all that is done to each costs more than the bytes. */
async function* gathered(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of source) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes < GATHERED_BYTES) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(pieces);
}

/** So many that their waits for the disk fall together: small ones whole in memory, of large ones some pieces each. */
const AT_ONCE = { small: 64, large: 4 } as const;
const SMALL_BYTES = 65_536;
const isSmall = ({ size }: ManifestEntry): boolean => size <= SMALL_BYTES;

async function putFiles(peers: Peers, { build, role, signal }: UploadRequest, to: Destination, manifest: Manifest): Promise<BuildArtifacts> {
  const problems: unknown[] = [];
  async function put({ path, file, size }: ManifestEntry): Promise<void> {
    signal.throwIfAborted();
    const Key = to.key === '' ? path : `${to.key}/${path}`;
    await withBody(await opened(file, size), (Body) => peers.as(role).s3.PutObject({ Bucket: to.bucket, Key, Body, ContentLength: size, ...CHECKED, ...ownerAcl(to.settings.bucketOwnerAccess) }, { region: build.region, signal }));
  }
  async function putAll(entries: readonly ManifestEntry[], atOnce: number): Promise<void> {
    let next = 0;
    const putInTurn = async (): Promise<void> => {
      for (let entry = entries[next++]; entry !== undefined && problems.length === 0; entry = entries[next++]) {
        await put(entry).catch((error: unknown) => void problems.push(error));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, putInTurn));
  }
  await Promise.all([
    putAll(manifest.entries.filter(isSmall), AT_ONCE.small),
    putAll(manifest.entries.filter((entry) => !isSmall(entry)), AT_ONCE.large),
  ]);
  if (problems.length > 0) throw problems[0];
  return shown(to);
}

/** A file's bytes, the small one's in one read: a stream would cost more than the file. There is a byte of room for one that has grown; S3 refuses it. */
async function opened(file: string, size: number): Promise<Readable> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  if (size > SMALL_BYTES) return handle.createReadStream({ highWaterMark: READ_BYTES });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(size + 1), 0, size + 1, 0);
    return Readable.from([buffer.subarray(0, bytesRead)]);
  } finally {
    await handle.close();
  }
}
