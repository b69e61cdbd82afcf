import { constrain } from '../../kernel/constraints.ts';
import { fail } from './fail.ts';

/** AWS CodeBuild User Guide, "Quotas for AWS CodeBuild", and the API reference's constraints. */
export const projectNamePattern = /^[A-Za-z0-9][A-Za-z0-9\-_]{1,149}$/;
export const maxDescriptionLength = 255;

/** Minutes. */
export const timeout = { least: 5, most: 2160, default: 60 } as const;
/** Minutes. */
export const queuedTimeout = { least: 5, most: 480, default: 480 } as const;

export const pageSize = 100;

/** "The token is valid for 5 minutes." ms */
export const idempotencyTokenLifetime = 5 * 60_000;

export const variableNamePattern = /^[^\s=\0]+$/;

/** "The quota for the maximum number of queued builds is five times the concurrent build limit." Times that limit. */
export const queuedBuilds = 5;

/** API reference: "Array Members: Minimum number of 0 items. Maximum number of 12 items." */
export const maxSecondarySources = 12;
export const maxSecondaryArtifacts = 12;

/** "The identifier can only contain alphanumeric characters and underscores, and must be less than 128 characters in length." */
export const identifierPattern = /^[A-Za-z0-9_]{1,127}$/;
/** A pipeline's artifacts, CodePipeline's API reference, "Artifact names". */
export const pipelineIdentifierPattern = /^[A-Za-z0-9_-]{1,100}$/;

/** "Number of subnets you can add under VPC configuration: 1 to 16", of security groups "1 to 5". */
export const maxSubnets = 16;
export const maxSecurityGroups = 5;

/** API reference, Tag: "Maximum length of 127", and of the value 255. */
export const maxTagLength = { key: 127, value: 255 } as const;

/** AWS documents no maximum of `autoRetryLimit`; the buildspec's own `on-failure: RETRY` goes to this. */
export const maxAutoRetries = 100;

/** Role chaining's maximum and the container credentials' usual: an hour. Seconds. */
export const credentialsLifetime = 3_600;

/** Buildspecs and certificates in S3 are read into memory; AWS limits StartBuild's whole request to less. Bytes. */
export const maxTextBytes = 1024 * 1024;

/** How long to wait before a step is taken again in case its wake-up was lost. ms */
export const safetyTick = 10_000;

/** API reference: "Array Members: Minimum number of 1 item. Maximum number of 100 items." Looked at before each entry is authorised. */
const BATCH = { shortest: 1, longest: 100 } as const;

export const validate = constrain({
  BatchGetProjects: { names: BATCH },
  BatchGetBuilds: { ids: BATCH },
  BatchDeleteBuilds: { ids: BATCH },
}, (message) => fail('InvalidInputException', message));
