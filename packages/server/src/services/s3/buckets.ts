import type { S3Api } from '@slipway/contracts';
import type { BucketLocationConstraint } from '@slipway/contracts/s3';
import { pages } from '../../kernel/paging.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Operations } from '../../kernel/service.ts';
import { noSuchBucket, openBucket, ownedBucket } from './bucket.ts';
import type { S3Deps } from './deps.ts';
import { fail, invalidArgument, notSupported, wrongToken } from './fail.ts';
import { limits } from './limits.ts';
import type { BucketRow } from './migrations.ts';
import { bucketArn, canonicalId, checkBucketName, checkTags, tagSet, type Tags } from './names.ts';
import { successor } from './scan.ts';
import { buckets as store, parts, uploads } from './store.ts';

/** The region that LocationConstraint does not name. */
const CLASSIC_REGION = 'us-east-1';
/** What LocationConstraint called eu-west-1 before regions had names. */
const OLD_EU = 'EU';

export function buckets({ db, blobs, clock, paging, regionExists }: S3Deps) {
  async function change(name: string, set: Partial<Pick<BucketRow, 'versioning' | 'tags'>>): Promise<void> {
    await db.transaction(async (tx) => {
      if ((await store.lock(tx, name)) === undefined) throw noSuchBucket(name);
      await store.update(tx, name, set);
    });
  }

  return {
    async CreateBucket(input, call) {
      checkBucketName(input.Bucket);
      const region = regionFor(input.CreateBucketConfiguration?.LocationConstraint, call.region);
      if (!regionExists(region)) throw fail('InvalidLocationConstraint', 'The specified location-constraint is not valid', { LocationConstraint: region });
      const tags = input.CreateBucketConfiguration?.Tags;
      const created = await db.transaction(async (tx) => {
        const { numInsertedOrUpdatedRows } = await store.insert(tx, {
          name: input.Bucket,
          account: call.account,
          region,
          created: clock.now(),
          versioning: '',
          tags: tags ? JSON.stringify(checkTags(tags, limits.bucketTags)) : null,
        });
        return Number(numInsertedOrUpdatedRows) === 1;
      });
      if (!created) await refuseTaken(input.Bucket, call.account, region);
      return { Location: region === CLASSIC_REGION ? `/${input.Bucket}` : `${call.endpoint}/${input.Bucket}/`, BucketArn: bucketArn(input.Bucket) };
    },

    async HeadBucket(input, call) {
      const bucket = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      return { BucketRegion: bucket.region, BucketArn: bucketArn(bucket.name), AccessPointAlias: false };
    },

    async ListBuckets(input, call) {
      const limit = input.MaxBuckets ?? limits.buckets;
      if (limit < 1 || limit > limits.buckets) throw invalidArgument('max-buckets', limit, 'Argument max-buckets must be an integer between 1 and 10000');
      const prefix = input.Prefix ?? '';
      const listing = pages(paging, { account: call.account, region: '' }, 's3:ListBuckets', [prefix, input.BucketRegion ?? ''], () => wrongToken(input.ContinuationToken));
      const after = listing.read(input.ContinuationToken)?.[0];
      const rows = await store.page(db, call.account, {
        prefix,
        end: prefix === '' ? undefined : successor(prefix),
        after: after === undefined ? undefined : String(after),
        region: input.BucketRegion,
        limit: limit + 1,
      });
      const { page, next } = listing.cut(rows, limit, (row) => [row.name]);
      return {
        Owner: { ID: canonicalId(call.account) },
        Buckets: page.map(({ name, created, region }) => ({ Name: name, CreationDate: created, BucketRegion: region, BucketArn: bucketArn(name) })),
        Prefix: input.Prefix,
        ContinuationToken: next,
      };
    },

    async DeleteBucket(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      await db.transaction(async (tx) => {
        if ((await store.lock(tx, input.Bucket)) === undefined) throw noSuchBucket(input.Bucket);
        if (!(await store.isEmpty(tx, input.Bucket))) {
          throw fail('BucketNotEmpty', 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.', { BucketName: input.Bucket });
        }
        // Uploads under way do not keep a bucket; they go with it.
        for (const upload of await uploads.ofBucket(tx, input.Bucket)) {
          await blobs.release(tx, await parts.remove(tx, upload.id));
          await uploads.remove(tx, upload);
        }
        await store.remove(tx, input.Bucket);
      });
      return {};
    },

    async GetBucketLocation(input, call) {
      const { region } = await ownedBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      return { LocationConstraint: region === CLASSIC_REGION ? undefined : (region as BucketLocationConstraint) };
    },

    async GetBucketVersioning(input, call) {
      const { versioning } = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      return versioning === '' ? {} : { Status: versioning };
    },

    async PutBucketVersioning(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const { Status, MFADelete } = input.VersioningConfiguration;
      if (MFADelete === 'Enabled') throw notSupported('MfaDelete');
      if (Status !== 'Enabled' && Status !== 'Suspended') throw fail('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
      await change(input.Bucket, { versioning: Status });
      return {};
    },

    async GetBucketEncryption(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      // Every bucket encrypts with S3 managed keys, whether that was ever put or not.
      return { ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false }] } };
    },

    async PutBucketEncryption(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      const [rule, ...more] = input.ServerSideEncryptionConfiguration.Rules;
      if (rule === undefined || more.length > 0) throw fail('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
      refuseMembers(rule, ['BlockedEncryptionTypes', 'BucketKeyEnabled'], notSupported);
      const algorithm = rule.ApplyServerSideEncryptionByDefault;
      if (algorithm !== undefined && algorithm.SSEAlgorithm !== 'AES256') throw notSupported(`SSEAlgorithm ${algorithm.SSEAlgorithm}`);
      if (algorithm?.KMSMasterKeyID !== undefined) throw invalidArgument('KMSMasterKeyID', algorithm.KMSMasterKeyID, 'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms');
      return {};
    },

    async DeleteBucketEncryption(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      return {};
    },

    async GetBucketTagging(input, call) {
      const { tags } = await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      if (tags === null) throw fail('NoSuchTagSet', 'The TagSet does not exist', { BucketName: input.Bucket });
      return { TagSet: tagSet(JSON.parse(tags) as Tags) };
    },

    async PutBucketTagging(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      await change(input.Bucket, { tags: JSON.stringify(checkTags(input.Tagging.TagSet, limits.bucketTags)) });
      return {};
    },

    async DeleteBucketTagging(input, call) {
      await openBucket(db, input.Bucket, call, input.ExpectedBucketOwner);
      await change(input.Bucket, { tags: null });
      return {};
    },
  } satisfies Partial<Operations<S3Api>>;

  /** S3's quirk: making a bucket that one has already is a success in us-east-1, and nowhere else. */
  async function refuseTaken(name: string, account: string, region: string): Promise<void> {
    const taken = await store.find(db, name);
    if (taken !== undefined && taken.account !== account) {
      throw fail('BucketAlreadyExists', 'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.', { BucketName: name });
    }
    if (region === CLASSIC_REGION && taken?.region === CLASSIC_REGION) return;
    throw fail('BucketAlreadyOwnedByYou', 'Your previous request to create the named bucket succeeded and you already own it.', { BucketName: name });
  }
}

function regionFor(constraint: string | undefined, called: string): string {
  if (constraint === undefined || constraint === '') {
    if (called === CLASSIC_REGION) return called;
    throw fail('IllegalLocationConstraintException', 'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.');
  }
  const asked = constraint === OLD_EU ? 'eu-west-1' : constraint;
  if (asked === CLASSIC_REGION) throw fail('InvalidLocationConstraint', 'The specified location-constraint is not valid', { LocationConstraint: constraint });
  // us-east-1's endpoint makes buckets anywhere; every other one only its own.
  if (called !== CLASSIC_REGION && asked !== called) {
    throw fail('IllegalLocationConstraintException', `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`);
  }
  return asked;
}

