import type { IAMApi } from '@slipway/contracts';
import type { AccessKey, AccessKeys } from '../../kernel/access.ts';
import type { Caller } from '../../kernel/caller.ts';
import { accessKeyId as newAccessKeyId, secretAccessKey } from '../../kernel/ids.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { rootArn } from './arns.ts';
import type { IamCache } from './cache.ts';
import { callingUser } from './calling-user.ts';
import type { IamContext } from './deps.ts';
import { arnOf, lockNeeded, needEntity } from './entity.ts';
import { fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import { deleteAccessKey, findAccessKey, insertAccessKey, listAccessKeys, setAccessKeyStatus } from './store/credentials.ts';
import { findEntity } from './store/entities.ts';
import { reading, writing } from './store/tables.ts';

const ROOT = '';
const place = (accessKeyId: string): string => `iam_access_keys/secret/${accessKeyId}`;

/** Whose keys: a user's, or the root's own when it names nobody. */
const isRootsOwn = (name: string | undefined, call: Call): boolean => name === undefined && call.caller.kind === 'root';

export function accessKeyOperations(context: IamContext) {
  const { db, clock, seal } = context;
  return {
    async CreateAccessKey(input, call) {
      const secret = secretAccessKey();
      const id = newAccessKeyId();
      const created = clock.now();
      const root = isRootsOwn(input.UserName, call);
      const owner = await context.write(call.account, async (tx) => {
        const user = root ? { name_key: ROOT, name: '' } : await lockNeeded(tx, call.account, 'user', callingUser(input.UserName, call));
        const known = await listAccessKeys(writing(tx), call.account, user.name_key, { after: undefined, limit: LIMITS.accessKeysPerUser });
        if (known.length >= LIMITS.accessKeysPerUser) throw fail('LimitExceededException', `Cannot exceed quota for AccessKeysPerUser: ${LIMITS.accessKeysPerUser}`);
        await insertAccessKey(tx, { account: call.account, access_key_id: id, user_key: user.name_key, secret: seal.seal(secret, place(id)), status: 'Active', created });
        return user;
      });
      return { AccessKey: { UserName: owner.name, AccessKeyId: id, Status: 'Active', SecretAccessKey: secret, CreateDate: created } };
    },

    async ListAccessKeys(input, call) {
      const owner = isRootsOwn(input.UserName, call) ? { name_key: ROOT, name: '' } : await needEntity(context, call.account, 'user', callingUser(input.UserName, call));
      const [rows, more] = await context.pages.of({ operation: 'ListAccessKeys', call, input }, (slice) => listAccessKeys(reading(db), call.account, owner.name_key, slice), (row) => row.access_key_id);
      return { AccessKeyMetadata: rows.map((row) => ({ UserName: owner.name, AccessKeyId: row.access_key_id, Status: row.status, CreateDate: row.created })), ...more };
    },

    async UpdateAccessKey(input, call) {
      const { Status } = input;
      if (Status === 'Expired') throw fail('ValidationError', 'Status Expired cannot be set.', { status: 400 });
      await context.write(call.account, async (tx) => {
        const key = isRootsOwn(input.UserName, call) ? ROOT : (await lockNeeded(tx, call.account, 'user', callingUser(input.UserName, call))).name_key;
        const known = await setAccessKeyStatus(tx, { account: call.account, access_key_id: input.AccessKeyId, user_key: key }, Status);
        if (!known) throw noKey(input.AccessKeyId);
      });
      return {};
    },

    async DeleteAccessKey(input, call) {
      await context.write(call.account, async (tx) => {
        const key = isRootsOwn(input.UserName, call) ? ROOT : (await lockNeeded(tx, call.account, 'user', callingUser(input.UserName, call))).name_key;
        const known = await deleteAccessKey(tx, { account: call.account, access_key_id: input.AccessKeyId, user_key: key });
        if (!known) throw noKey(input.AccessKeyId);
      });
      return {};
    },
  } satisfies Partial<Operations<IAMApi>>;
}

const noKey = (id: string): Error => fail('NoSuchEntityException', `The Access Key with id ${id} cannot be found.`);

/** The long-lived keys: users' and the root's. Asked for every request, hence remembered until IAM changes. */
export function accessKeys(context: IamContext, cache: IamCache): AccessKeys {
  const { db, seal } = context;
  async function read(accessKeyId: string): Promise<AccessKey | undefined> {
    const row = await findAccessKey(db, accessKeyId);
    if (row === undefined || row.status !== 'Active') return undefined;
    const caller = row.user_key === ROOT ? rootCaller(row.account) : await userCaller(context, row.account, row.user_key);
    return caller && { secretAccessKey: seal.open(row.secret, place(accessKeyId)), caller: { ...caller, accessKeyId } };
  }
  return { find: (accessKeyId) => cache.get(`key ${accessKeyId}`, () => read(accessKeyId)) };
}

export function rootCaller(account: string): Caller {
  return { account, arn: rootArn(account), userId: account, kind: 'root', principalArn: rootArn(account) };
}

export async function userCaller(context: IamContext, account: string, name: string): Promise<Caller | undefined> {
  const user = await findEntity(reading(context.db), account, 'user', name);
  return user && { account, arn: arnOf(user), userId: user.id, kind: 'user', principalArn: arnOf(user) };
}

export interface RootKey {
  readonly account: string;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
}

/** The pair that everybody knows. It is good for as long as a start asks for it, and for no start after. */
const CUSTOMARY = 'test';

/**
 * First start: gives the account's root an access key, the one asked for or a new one, and answers it this once.
 * Undefined when root has a key already; a pair that is asked for and differs from the kept one is refused.
 * The customary pair of an earlier start is taken away when it is not asked for again.
 */
export async function ensureRootKey(context: IamContext, wanted: RootKey): Promise<{ accessKeyId: string; secretAccessKey: string } | undefined> {
  const { db, clock, seal } = context;
  const { account } = wanted;
  const id = wanted.accessKeyId ?? newAccessKeyId();
  const secret = wanted.secretAccessKey ?? secretAccessKey();
  if (id !== CUSTOMARY) await removeCustomary(context);
  if (wanted.accessKeyId !== undefined) {
    const known = await findAccessKey(db, wanted.accessKeyId);
    if (known !== undefined) {
      const same = known.account === account && known.user_key === ROOT && (wanted.secretAccessKey === undefined || seal.open(known.secret, place(id)) === secret);
      if (!same) throw new Error(`Access key ${id} exists already with another owner or secret`);
      return undefined;
    }
  }
  return context.write(account, async (tx) => {
    const known = await listAccessKeys(writing(tx), account, ROOT, { after: undefined, limit: 1 });
    if (known.length > 0 && wanted.accessKeyId === undefined) return undefined;
    await insertAccessKey(tx, { account, access_key_id: id, user_key: ROOT, secret: seal.seal(secret, place(id)), status: 'Active', created: clock.now() });
    return { accessKeyId: id, secretAccessKey: secret };
  });
}

async function removeCustomary(context: IamContext): Promise<void> {
  const row = await findAccessKey(context.db, CUSTOMARY);
  if (row === undefined || row.user_key !== ROOT || context.seal.open(row.secret, place(CUSTOMARY)) !== CUSTOMARY) return;
  await context.write(row.account, (tx) => deleteAccessKey(tx, row));
}
