import type { SecretsManagerApi } from '@slipway/contracts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import type { GetSecretValueRequest, SecretValueEntry } from '@slipway/contracts/secrets-manager';
import type { SecretsManagerDeps } from './deps.ts';
import { readingRequest } from './access.ts';
import { invalid, markedForDeletion } from './fail.ts';
import { existing } from './lookup.ts';
import { matchesFilters } from './filters.ts';
import { pagesOf } from './pages.ts';
import { allSecrets, updateSecret, updateVersion, versionsOf } from './store.ts';
import type { SecretRow, VersionRow } from './store.ts';
import { secretTags } from './tags.ts';
import type { Values } from './values.ts';
import { wantedVersion } from './versions.ts';
import { secretArn } from './arns.ts';

const DAY = 24 * 60 * 60_000;

/** Reading secrets' values. */
export function reading(deps: SecretsManagerDeps & { readonly values: Values }) {
  const { db, clock, values, authorizer, paging } = deps;

  /** AWS tells the day of the last reading, so it is written once a day. */
  async function noteAccess(secret: SecretRow, version: VersionRow): Promise<void> {
    const today = clock.now() - (clock.now() % DAY);
    if (secret.accessed === today && version.accessed === today) return;
    await db.transaction(async (tx) => {
      await updateSecret(tx, secret, { accessed: today });
      await updateVersion(tx, version, { accessed: today });
    });
  }

  async function read(call: Call, input: GetSecretValueRequest): Promise<SecretValueEntry> {
    const secret = await existing(db.read, call, input.SecretId);
    if (secret.deletion !== null) throw markedForDeletion();
    const version = wantedVersion(await versionsOf(db.read, secret, secret.name), input);
    await noteAccess(secret, version);
    return values.shown(secret, version);
  }

  /** Each secret of a batch is asked for by itself: those that the caller may not read are named, the others answered. */
  async function readOrSay(call: Call, id: string) {
    try {
      const request = await readingRequest(deps, call, id);
      await authorizer.authorize(call.caller, [{ ...request, action: 'secretsmanager:GetSecretValue', context: { ...request.context, 'secretsmanager:VersionStage': 'AWSCURRENT' } }], call);
      return { value: await read(call, { SecretId: id }) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return { error: { SecretId: id, ErrorCode: error.name, Message: error.message } };
    }
  }

  return {
    GetSecretValue: (input, call) => read(call, input),

    async BatchGetSecretValue({ SecretIdList, Filters, MaxResults = 20, NextToken }, call) {
      if ((SecretIdList === undefined) === (Filters === undefined)) throw invalid('You must include either SecretIdList or Filters, and not both.');
      if (SecretIdList !== undefined && NextToken !== undefined) throw invalid('You can\'t use NextToken with SecretIdList.');
      const listing = pagesOf(paging, call, 'BatchGetSecretValue', [Filters]);
      const usable = Filters === undefined ? [] : (await allSecrets(db.read, call)).filter((row) => row.deletion === null);
      const tagsOf = await secretTags(db, usable);
      const passing = usable.filter((row) => matchesFilters(row, tagsOf(row), Filters ?? []));
      const { page, next } = listing.within(passing, NextToken, MaxResults, (row) => row.name);
      const answers = [];
      for (const id of SecretIdList ?? page.map((row) => secretArn(row))) answers.push(await readOrSay(call, id));
      return {
        SecretValues: answers.flatMap(({ value }) => (value === undefined ? [] : [value])), Errors: answers.flatMap(({ error }) => (error === undefined ? [] : [error])), NextToken: next,
      };
    },
  } satisfies Partial<Operations<SecretsManagerApi>>;
}
