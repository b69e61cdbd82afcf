import type { Peers } from '../../../kernel/peers.ts';
import { BOOLEAN, value } from './provider.ts';
import type { Provider } from './provider.ts';

/** A zip in a versioned bucket. */
export function s3Source({ peers }: { peers: Peers }): Provider {
  return {
    category: 'Source', provider: 'S3', inputs: [0, 0], outputs: [1, 1], timeoutMinutes: 60,
    configuration: { S3Bucket: { required: true }, S3ObjectKey: { required: true }, PollForSourceChanges: { values: BOOLEAN } },

    async start(run) {
      const s3 = peers.as(run.role).s3;
      const [Bucket, Key] = [value(run.configuration, 'S3Bucket'), value(run.configuration, 'S3ObjectKey')];
      const wanted = run.override?.revisionType === 'S3_OBJECT_VERSION_ID' ? { VersionId: run.override.revisionValue } : {};
      const { region, signal } = run;
      const object = await s3.GetObject({ Bucket, Key, ...wanted }, { region, signal });
      if (object.VersionId === undefined || object.VersionId === 'null') {
        object.Body?.destroy();
        return { status: 'Failed', code: 'ConfigurationError', message: `The S3 bucket ${Bucket} must have versioning enabled to be a source.` };
      }
      const [output] = run.outputs;
      if (output === undefined) throw new Error('a source action has an output');
      await s3.PutObject({ Bucket: output.bucket, Key: output.key, Body: object.Body, ContentLength: object.ContentLength, ContentType: 'application/zip' }, { region, signal });
      return {
        status: 'Succeeded', externalId: object.VersionId, summary: `Amazon S3 version id: ${object.VersionId}`,
        revision: { id: object.VersionId, summary: `Amazon S3 version id: ${object.VersionId}`, created: object.LastModified },
        variables: { BucketName: Bucket, ObjectKey: Key, VersionId: object.VersionId, ETag: (object.ETag ?? '').replaceAll('"', '') },
      };
    },

    source: {
      subject: (at, configuration) => ({ kind: 's3/object', ...at, id: `${configuration.S3Bucket}/${configuration.S3ObjectKey}` }),
      async newest({ role, region, configuration }) {
        const head = await peers.as(role).s3.HeadObject({ Bucket: value(configuration, 'S3Bucket'), Key: value(configuration, 'S3ObjectKey') }, { region });
        return head.VersionId ?? '';
      },
    },
  };
}
