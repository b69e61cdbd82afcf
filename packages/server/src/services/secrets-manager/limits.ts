import { constrain } from '../../kernel/constraints.ts';
import { fail } from './fail.ts';

/** AWS Secrets Manager User Guide, "AWS Secrets Manager quotas", and the API reference. Bytes. */
export const VALUE_SIZE = 65_536;
export const STAGES_PER_VERSION = 20;
/** Versions without a stage beyond this many go, once they are a day old. */
export const VERSIONS = 100;
export const KEEP_DEPRECATED_MS = 24 * 60 * 60_000;
export const POLICY_SIZE = 20_480;
/** Days. */
export const RECOVERY_WINDOW = { least: 7, most: 30, default: 30 } as const;

const ID = { shortest: 1, longest: 2048 };
const TOKEN = { shortest: 32, longest: 64 };
const DESCRIPTION = { longest: 2048 };
const STAGE = { shortest: 1, longest: 256 };
const PAGE = { least: 1, most: 100 };

export const validate = constrain({
  '*': { SecretId: ID, ClientRequestToken: TOKEN, Description: DESCRIPTION },
  CreateSecret: { Name: { shortest: 1, longest: 512 } },
  PutSecretValue: { VersionStages: { shortest: 1, longest: STAGES_PER_VERSION }, 'VersionStages.*.member': STAGE },
  GetSecretValue: { VersionId: TOKEN, VersionStage: STAGE },
  UpdateSecretVersionStage: { VersionStage: STAGE, RemoveFromVersionId: TOKEN, MoveToVersionId: TOKEN },
  BatchGetSecretValue: { SecretIdList: { shortest: 1, longest: 20 }, MaxResults: { least: 1, most: 20 } },
  ListSecrets: { MaxResults: PAGE },
  ListSecretVersionIds: { MaxResults: PAGE },
  PutResourcePolicy: { ResourcePolicy: { shortest: 1, longest: POLICY_SIZE } },
  ValidateResourcePolicy: { ResourcePolicy: { shortest: 1, longest: POLICY_SIZE } },
  GetRandomPassword: { PasswordLength: { least: 1, most: 4096 }, ExcludeCharacters: { longest: 4096 } },
}, (message) => fail('InvalidParameterException', message));
