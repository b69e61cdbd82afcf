import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { decoded, encoded, type CacheStore } from '@slipway/builder';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { CHECKED, READ_BYTES } from '../artifacts/bytes.ts';
import { s3Folder, withBody } from '../buckets.ts';
import type { StoredBuild } from '../builds/build.ts';

/** In a bucket, read and written as the build's role: `<prefix>/<namespace or project>/[<generation>/][<version>/]<key>.tar`. */
export function s3Cache(peers: Peers, { role, build, generation, version, signal }: { role: Caller; build: StoredBuild; generation: number; version: string; signal: AbortSignal }): CacheStore {
  const { location = '', cacheNamespace } = build.definition.cache ?? {};
  const { bucket: Bucket, folders } = s3Folder(location);
  const prefix = [...folders, cacheNamespace ?? build.project, ...(generation === 0 ? [] : [String(generation)]), ...(version === '' ? [] : [version]), ''].join('/');
  const options = { region: build.region, signal };
  return {
    async take(key, file) {
      try {
        const { Body } = await peers.as(role).s3.GetObject({ Bucket, Key: `${prefix}${encoded(key)}.tar` }, options);
        if (!Body) return false;
        await pipeline(Body, createWriteStream(file, { mode: 0o600 }), { signal });
        return true;
      } catch (error) {
        if (error instanceof ServiceError && error.name === 'NoSuchKey') return false;
        throw error;
      }
    },
    async newest(start) {
      let best: { key: string; at: number } | undefined;
      for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
        const page = await peers.as(role).s3.ListObjectsV2({ Bucket, Prefix: prefix + encoded(start), ContinuationToken: token }, options);
        for (const { Key = '', LastModified: at = 0 } of page.Contents ?? []) {
          if (/^[^/]+\.tar$/.test(Key.slice(prefix.length)) && (best === undefined || at > best.at)) best = { key: Key.slice(prefix.length, -4), at };
        }
        token = page.NextContinuationToken;
      }
      return best && decoded(best.key);
    },
    async put(key, file, { once }) {
      const { size } = await stat(file);
      try {
        await withBody(createReadStream(file, { highWaterMark: READ_BYTES }), (Body) => peers.as(role).s3.PutObject({ Bucket, Key: `${prefix}${encoded(key)}.tar`, Body, ContentLength: size, ...CHECKED, ...(once ? { IfNoneMatch: '*' } : {}) }, options));
        return 'kept';
      } catch (error) {
        if (once && error instanceof ServiceError && error.name === 'PreconditionFailed') return 'there';
        throw error;
      }
    },
  };
}
