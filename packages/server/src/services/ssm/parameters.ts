import { RE2JS } from 're2js';
import type { SSMApi } from '@slipway/contracts';
import type { ParameterTier, PutParameterRequest } from '@slipway/contracts/ssm';
import { whenTaken } from '../../kernel/database/index.ts';
import type { Transaction } from '../../kernel/database.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { putTags, removeAllTags } from '../../kernel/tags.ts';
import { nameIn, parameterArn } from './arns.ts';
import type { SsmDeps } from './deps.ts';
import { parameterChange } from './events.ts';
import { fail, invalid, noParameter, notSupported } from './fail.ts';
import { VALUE_LENGTH, VERSIONS } from './limits.ts';
import { checkName } from './names.ts';
import { deleteParameter, deleteVersion, insertParameter, insertVersion, labelsOf, lockParameter, setLatest, versionsOf } from './store.ts';
import type { VersionRow } from './store.ts';
import { refuseTags } from './tags.ts';
import type { Values } from './values.ts';

const DEFAULT_KEY = 'alias/aws/ssm';

/** Writing and deleting parameters. */
export function parameters({ db, clock, outbox, values }: SsmDeps & { readonly values: Values }) {
  const versionFrom = (input: PutParameterRequest, call: Call, name: string, before: VersionRow | undefined): VersionRow => {
    const version = (before?.version ?? 0) + 1;
    const type = input.Type ?? before?.type;
    if (type === undefined) throw invalid('A parameter type is required when you create a parameter.');
    const pattern = input.AllowedPattern ?? before?.allowed_pattern ?? null;
    checkPattern(pattern, input.Value);
    const at = { account: call.account, region: call.region, name, version };
    return {
      ...at, type, value: values.sealed(at, input.Value), description: input.Description ?? before?.description ?? null,
      key_id: keyOf(input, type), allowed_pattern: pattern, tier: tierOf(input, before), labels: '[]', modified: clock.now(), modified_by: call.caller.arn,
    };
  };

  async function put(tx: Transaction, input: PutParameterRequest, call: Call, name: string): Promise<VersionRow> {
    const known = await lockParameter(tx, call, name);
    if (known === undefined) {
      const row = versionFrom(input, call, name, undefined);
      await insertParameter(tx, { account: row.account, region: row.region, name, version: 1 }).catch(whenTaken(alreadyExists));
      await insertVersion(tx, row);
      return row;
    }
    if (input.Overwrite !== true) throw alreadyExists();
    const versions = await versionsOf(tx.query, call, name);
    if (versions.length >= VERSIONS) await forgetOldest(tx, versions[0]!);
    const row = versionFrom(input, call, name, versions.at(-1));
    await insertVersion(tx, row);
    await setLatest(tx, { account: row.account, region: row.region, name, version: row.version });
    return row;
  }

  async function remove(tx: Transaction, call: Call, name: string): Promise<boolean> {
    if ((await lockParameter(tx, call, name)) === undefined) return false;
    const last = (await versionsOf(tx.query, call, name)).at(-1);
    await deleteParameter(tx, call, name);
    await removeAllTags(tx, { account: call.account, arn: parameterArn(call, name) });
    if (last) await outbox.emit(tx, parameterChange(last, 'Delete'));
    return true;
  }

  return {
    async PutParameter(input, call) {
      refuseMembers(input, ['Policies'], notSupported);
      if (input.DataType !== undefined && input.DataType !== 'text') throw notSupported(`The data type ${input.DataType}`);
      if (input.Overwrite === true && input.Tags !== undefined && input.Tags.length > 0) {
        throw invalid('Invalid request: tags and overwrite can\'t be used together. To add tags to an existing parameter, please remove the overwrite parameter and use AddTagsToResource.');
      }
      if (input.Value === '') throw invalid('Parameter value can\'t be empty.');
      const name = nameIn(input.Name, call);
      checkName(name);
      const row = await db.transaction(async (tx) => {
        const written = await put(tx, input, call, name);
        await putTags(tx, { account: call.account, arn: parameterArn(call, name) }, (input.Tags ?? []).map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
        await outbox.emit(tx, parameterChange(written, written.version === 1 ? 'Create' : 'Update'));
        return written;
      });
      return { Version: row.version, Tier: row.tier as ParameterTier };
    },

    async DeleteParameter(input, call) {
      const name = nameIn(input.Name, call);
      if (!(await db.transaction((tx) => remove(tx, call, name)))) throw noParameter(name);
      return {};
    },

    async DeleteParameters({ Names }, call) {
      const deleted: string[] = [];
      for (const name of Names) if (await db.transaction((tx) => remove(tx, call, nameIn(name, call)))) deleted.push(name);
      return { DeletedParameters: deleted, InvalidParameters: Names.filter((name) => !deleted.includes(name)) };
    },
  } satisfies Partial<Operations<SSMApi>>;
}

/** AWS makes room for a version by deleting the oldest one, but none that somebody has labelled. */
async function forgetOldest(tx: Transaction, oldest: VersionRow): Promise<void> {
  if (labelsOf(oldest).length > 0) {
    throw fail('ParameterMaxVersionLimitExceeded', `You attempted to create a new version of ${oldest.name} by calling the PutParameter API with the overwrite flag. Version ${oldest.version}, `
      + 'the oldest version, can\'t be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.');
  }
  await deleteVersion(tx, oldest);
}

function alreadyExists(): Error {
  return fail('ParameterAlreadyExists', 'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.');
}

/** The service's own key is the only one there is. */
function keyOf({ KeyId }: PutParameterRequest, type: string): string | null {
  if (type !== 'SecureString') {
    if (KeyId !== undefined) throw invalid('KeyId is only valid for parameters of type SecureString.');
    return null;
  }
  if (KeyId !== undefined && KeyId !== DEFAULT_KEY) throw fail('InvalidKeyId', `${KeyId} is not supported by Slipway yet; accepted is ${DEFAULT_KEY}.`);
  return DEFAULT_KEY;
}

function tierOf({ Tier, Value }: PutParameterRequest, before: VersionRow | undefined): ParameterTier {
  const needsAdvanced = Value.length > VALUE_LENGTH.Standard;
  const wasAdvanced = before?.tier === 'Advanced';
  if (Tier === 'Standard' && wasAdvanced) throw invalid('This parameter uses the advanced-parameter tier. You can\'t downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.');
  const tier = Tier === 'Advanced' || wasAdvanced || (Tier === 'Intelligent-Tiering' && needsAdvanced) ? 'Advanced' : 'Standard';
  if (Value.length > VALUE_LENGTH[tier]) {
    throw invalid(tier === 'Standard'
      ? `Standard tier parameters support a maximum parameter value of ${VALUE_LENGTH.Standard} characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.`
      : `Parameter value can't be longer than ${VALUE_LENGTH.Advanced} characters.`);
  }
  return tier;
}

/** The pattern is a user's: RE2 answers in time that grows with the value alone. */
function checkPattern(pattern: string | null, value: string): void {
  if (pattern === null || pattern === '') return;
  if (!compiled(pattern).matcher(value).find()) throw fail('ParameterPatternMismatchException', `Parameter value, cannot be validated against allowedPattern: ${pattern}`);
}

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    throw fail('InvalidAllowedPatternException', `The request does not meet the regular expression requirement: ${pattern}`, { cause });
  }
}
