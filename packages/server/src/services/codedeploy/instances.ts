import type { CodeDeployApi } from '@slipway/contracts';
import type { InstanceInfo, Tag } from '@slipway/contracts/codedeploy';
import type { Transaction } from '../../kernel/database.ts';
import { suffix } from '../../kernel/ids.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { instanceArn } from './arns.ts';
import { instanceName } from './deps.ts';
import type { RoomDeps } from './deps.ts';
import { fail } from './fail.ts';
import { pagesOf } from './pages.ts';
import { findInstance, listInstances, lockInstance, registeredWith, saveInstance, tagsOfInstance } from './registry-store.ts';
import type { InstanceRow } from './registry-store.ts';
import { faultOf, matchesAny } from './tag-filters.ts';

/** On-premises instances: a name, the identity with which the host's agent signs, and tags that deployment groups go by. */
export function instances({ db, clock, paging }: RoomDeps) {
  return {
    async RegisterOnPremisesInstance(input, call) {
      const name = instanceName(input.instanceName);
      const identity = identityOf(input);
      await db.transaction(async (tx) => {
        const known = await lockInstance(tx, call, name);
        if (known?.deregistered === null) throw fail('InstanceNameAlreadyRegisteredException', `The instance name ${name} is already registered.`);
        if (await registeredWith(tx, call, identity.iam_arn) !== undefined) {
          throw identity.iam_kind === 'user'
            ? fail('IamUserArnAlreadyRegisteredException', `The IAM user ARN ${identity.iam_arn} is already registered.`)
            : fail('IamSessionArnAlreadyRegisteredException', `The IAM session ARN ${identity.iam_arn} is already registered.`);
        }
        await saveInstance(tx, { account: call.account, region: call.region, name, ...identity, suffix: suffix(10), registered: clock.now(), deregistered: null, tags: '[]' });
      });
      return {};
    },

    async DeregisterOnPremisesInstance(input, call) {
      const name = instanceName(input.instanceName);
      await db.transaction(async (tx) => {
        const known = await lockInstance(tx, call, name);
        if (known?.deregistered === null) await saveInstance(tx, { ...known, deregistered: clock.now() });
      });
      return {};
    },

    async AddTagsToOnPremisesInstances(input, call) {
      const tags = checkedTags(input.tags);
      await db.transaction((tx) => changeTags(tx, call, input.instanceNames, (known) => [...known.filter((one) => !tags.some((tag) => tag.Key === one.Key)), ...tags]));
      return {};
    },

    async RemoveTagsFromOnPremisesInstances(input, call) {
      const tags = checkedTags(input.tags);
      await db.transaction((tx) => changeTags(tx, call, input.instanceNames, (known) => known.filter((one) => !tags.some((tag) => tag.Key === one.Key && (tag.Value ?? one.Value) === one.Value))));
      return {};
    },

    async GetOnPremisesInstance(input, call) {
      const row = await findInstance(db, call, instanceName(input.instanceName));
      if (row === undefined) throw notRegistered(input.instanceName);
      return { instanceInfo: infoOf(row) };
    },

    async BatchGetOnPremisesInstances(input, call) {
      const rows = await Promise.all(input.instanceNames.map((name) => findInstance(db, call, instanceName(name))));
      return { instanceInfos: rows.filter((row) => row !== undefined).map(infoOf) };
    },

    async ListOnPremisesInstances(input, call) {
      const filters = input.tagFilters ?? [];
      for (const filter of filters) {
        const fault = faultOf(filter);
        if (fault !== undefined) throw fail('InvalidTagFilterException', fault);
      }
      const rows = (await listInstances(db, call)).filter((row) => input.registrationStatus === undefined || (row.deregistered === null) === (input.registrationStatus === 'Registered'));
      const pages = pagesOf(paging, call, 'ListOnPremisesInstances', { filters, status: input.registrationStatus });
      const names = rows.filter((row) => filters.length === 0 || matchesAny(filters, tagsOfInstance(row))).map((row) => row.name);
      const { shown, ...more } = pages.names(names, input.nextToken);
      return { instanceNames: [...shown], ...more };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

function identityOf({ iamUserArn, iamSessionArn }: { iamUserArn?: string; iamSessionArn?: string }): Pick<InstanceRow, 'iam_arn' | 'iam_kind'> {
  if (iamUserArn !== undefined && iamSessionArn !== undefined) throw fail('MultipleIamArnsProvidedException', 'Both an IAM user ARN and an IAM session ARN were given; only one is accepted.');
  if (iamUserArn !== undefined) {
    if (!/^arn:aws[a-z-]*:iam::\d{12}:user\/.+$/.test(iamUserArn)) throw fail('InvalidIamUserArnException', `The IAM user ARN is not valid: ${iamUserArn}`);
    return { iam_arn: iamUserArn, iam_kind: 'user' };
  }
  if (iamSessionArn === undefined) throw fail('IamArnRequiredException', 'No IAM ARN was given: an IAM session ARN or an IAM user ARN is required.');
  if (!/^arn:aws[a-z-]*:sts::\d{12}:assumed-role\/.+\/.+$/.test(iamSessionArn)) throw fail('InvalidIamSessionArnException', `The IAM session ARN is not valid: ${iamSessionArn}`);
  return { iam_arn: iamSessionArn, iam_kind: 'session' };
}

function checkedTags(tags: readonly Tag[]): readonly Tag[] {
  if (tags.length === 0) throw fail('TagRequiredException', 'A tag is required.');
  for (const { Key } of tags) if (!Key || Key.length > 128) throw fail('InvalidTagException', 'A tag needs a key of at most 128 characters.');
  return tags;
}

/** https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html: at most 10 tags on an on-premises instance. */
const MOST_TAGS = 10;

/** In the order of names, so that two calls never wait for each other. */
async function changeTags(tx: Transaction, call: Call, names: readonly string[], change: (known: Tag[]) => Tag[]): Promise<void> {
  if (names.length === 0) throw fail('InstanceNameRequiredException', 'An instance name is required.');
  for (const name of [...new Set(names)].toSorted()) {
    const row = await lockInstance(tx, call, instanceName(name));
    if (row === undefined || row.deregistered !== null) throw notRegistered(name);
    const tags = change(tagsOfInstance(row));
    if (tags.length > MOST_TAGS) throw fail('TagLimitExceededException', `An on-premises instance has at most ${MOST_TAGS} tags.`);
    await saveInstance(tx, { ...row, tags: JSON.stringify(tags) });
  }
}

const notRegistered = (name: string): Error => fail('InstanceNotRegisteredException', `The instance ${name} is not registered.`);

const infoOf = (row: InstanceRow): InstanceInfo => ({
  instanceName: row.name, instanceArn: instanceArn(row, row.name, row.suffix), registerTime: row.registered, deregisterTime: row.deregistered ?? undefined,
  ...row.iam_kind === 'user' ? { iamUserArn: row.iam_arn } : { iamSessionArn: row.iam_arn }, tags: tagsOfInstance(row),
});
