import type { CodeBuildApi } from '@slipway/contracts';
import type { ServerType } from '@slipway/contracts/codebuild';
import { formatArn, parseArn } from '../../../kernel/arn.ts';
import type { Database } from '../../../kernel/database.ts';
import { whenTaken } from '../../../kernel/database/index.ts';
import type { Place } from '../../../kernel/place.ts';
import type { Seal } from '../../../kernel/seal.ts';
import type { Operations } from '../../../kernel/service.ts';
import { fail, notSupported } from '../fail.ts';
import { deleteSourceCredential, insertSourceCredential, listSourceCredentials, sealedPlace } from './store.ts';

const serverTypes: readonly ServerType[] = ['GITHUB', 'GITHUB_ENTERPRISE', 'BITBUCKET', 'GITLAB', 'GITLAB_SELF_MANAGED'];

/** `arn:aws:codebuild:R:A:token/github` */
const credentialArn = ({ account, region }: Place, type: ServerType): string => formatArn({ service: 'codebuild', region, account, resource: `token/${type.toLowerCase()}` });

/** One credential for each provider of sources. Tokens come in and are never shown again. */
export function sourceCredentials({ db, seal }: { readonly db: Database; readonly seal: Seal }) {
  return {
    async ImportSourceCredentials({ token, serverType, authType, username, shouldOverwrite = true }, call) {
      if (authType === 'OAUTH') throw fail('InvalidInputException', 'OAUTH credentials cannot be imported: they are made in the console. Accepted are PERSONAL_ACCESS_TOKEN, BASIC_AUTH and SECRETS_MANAGER');
      if (authType === 'CODECONNECTIONS') throw notSupported('The authType CODECONNECTIONS');
      if (token === '') throw fail('InvalidInputException', 'The token must not be empty');
      if (authType === 'BASIC_AUTH' && (serverType !== 'BITBUCKET' || !username)) throw fail('InvalidInputException', 'BASIC_AUTH is for BITBUCKET and needs a username');
      if (authType !== 'BASIC_AUTH' && username) throw fail('InvalidInputException', `A username goes with BASIC_AUTH only, not with ${authType}`);
      if (authType === 'SECRETS_MANAGER' && parseArn(token)?.service !== 'secretsmanager') throw fail('InvalidInputException', 'With SECRETS_MANAGER the token is the ARN of a secret');
      const owner = { account: call.account, region: call.region, server_type: serverType };
      const arn = credentialArn(call, serverType);
      await db.transaction(async (tx) => {
        if (shouldOverwrite) await deleteSourceCredential(tx, call, serverType);
        await insertSourceCredential(tx, { ...owner, auth_type: authType, user_name: username ?? null, token: seal.seal(token, sealedPlace(owner)), resource: authType === 'SECRETS_MANAGER' ? token : null })
          .catch(whenTaken(() => fail('ResourceAlreadyExistsException', `Source credentials for ${serverType} already exist: ${arn}`)));
      });
      return { arn };
    },

    async ListSourceCredentials(_input, call) {
      const rows = await listSourceCredentials(db, call);
      return { sourceCredentialsInfos: rows.map(({ server_type, auth_type, resource }) => ({ arn: credentialArn(call, server_type), serverType: server_type, authType: auth_type, resource: resource ?? undefined })) };
    },

    async DeleteSourceCredentials({ arn }, call) {
      const type = serverTypes.find((each) => credentialArn(call, each) === arn);
      const deleted = type !== undefined && (await db.transaction((tx) => deleteSourceCredential(tx, call, type)));
      if (!deleted) throw fail('ResourceNotFoundException', `Source credentials cannot be found: ${arn}`);
      return { arn };
    },
  } satisfies Partial<Operations<CodeBuildApi>>;
}
