import type { Buildspec } from '@slipway/builder';
import { formatArn } from '../../kernel/arn.ts';
import { buildArn, projectArn } from './arns.ts';
import { logNames, type StoredBuild } from './build.ts';
import type { FetchedSource, FetchedSources } from './sources/index.ts';
import type { GivenVariables } from './variables.ts';

/** The door at which a build's processes ask for their role's credentials. */
export const credentialsPath = '/_slipway/build-credentials';

export interface EnvironmentRequest {
  readonly build: StoredBuild;
  readonly sources: FetchedSources;
  readonly buildspec: Buildspec;
  readonly variables: GivenVariables;
  /** The server's base URL as the build reaches it. */
  readonly endpoint: string;
  /** By which the build's processes are known at the door. */
  readonly token: string;
}

/**
 * The variables that a build is given. StartBuild's and the project's win over the buildspec's, and those over the ones
 * that say where AWS is; nobody overrides CODEBUILD_*. CODEBUILD_SRC_DIR and CODEBUILD_BUILD_SUCCEEDING are the runner's
 * to say.
 */
export function buildEnvironment(request: EnvironmentRequest): Record<string, string> {
  const { build, sources, buildspec, variables, endpoint, token } = request;
  const surroundings: Record<string, string> = {
    AWS_REGION: build.region,
    AWS_DEFAULT_REGION: build.region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}${credentialsPath}`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
  };
  return {
    ...Object.fromEntries(Object.entries(surroundings).filter(([name]) => !Object.hasOwn(buildspec.variables, name))),
    ...variables.values,
    ...present(ofBuild(build), ofSource(sources.primary, ''), ...Object.entries(sources.secondary).map(([id, source]) => ofSource(source, `_${id}`))),
  };
}

type Maybe = Record<string, string | undefined>;

function ofBuild(build: StoredBuild): Maybe {
  return {
    CODEBUILD_CI: 'true',
    CODEBUILD_BUILD_ARN: buildArn(build, build.id),
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_IMAGE: build.definition.environment.image,
    CODEBUILD_BUILD_NUMBER: String(build.number),
    CODEBUILD_INITIATOR: build.initiator,
    CODEBUILD_KMS_KEY_ID: build.definition.encryptionKey ?? formatArn({ service: 'kms', region: build.region, account: build.account, resource: 'alias/aws/s3' }),
    CODEBUILD_LOG_PATH: logNames(build)?.stream,
    CODEBUILD_PROJECT_ARN: projectArn(build, build.project),
    CODEBUILD_START_TIME: String(build.started_at),
  };
}

function ofSource({ version, resolvedVersion, repositoryUrl }: FetchedSource, suffix: string): Maybe {
  return {
    [`CODEBUILD_SOURCE_VERSION${suffix}`]: version,
    [`CODEBUILD_RESOLVED_SOURCE_VERSION${suffix}`]: resolvedVersion,
    [`CODEBUILD_SOURCE_REPO_URL${suffix}`]: repositoryUrl,
  };
}

function present(...groups: readonly Maybe[]): Record<string, string> {
  return Object.fromEntries(groups.flatMap((group) => Object.entries(group)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
