import type { Buildspec } from '@slipway/builder';
import { buildArn, defaultKeyArn, projectArn } from '../arns.ts';
import { logNames, type StoredBuild } from '../builds/build.ts';
import type { FetchedSource, FetchedSources } from '../sources/index.ts';
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
    AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
  };
  return {
    ...Object.fromEntries(Object.entries(surroundings).filter(([name]) => !Object.hasOwn(buildspec.variables, name))),
    ...Object.fromEntries(Object.entries(variables.values).filter(([name]) => isShellName(name))),
    ...ownVariables(build, sources),
  };
}

const ownVariables = (build: StoredBuild, sources: FetchedSources): Record<string, string> =>
  present(ofBuild(build), ofSource(sources.primary, ''), ...Object.entries(sources.secondary).map(([id, source]) => ofSource(source, `_${id}`)));

const isShellName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);
const isRunners = (name: string): boolean => /^CODEBUILD_(SRC_DIR(_\w+)?|BUILD_SUCCEEDING)$/.test(name);

/** What the log says of variables that somebody has set and that the commands do not see. Shells pass on no other names. */
export function unseenVariables(build: StoredBuild, sources: FetchedSources, { values }: Pick<GivenVariables, 'values'>): string[] {
  const own = ownVariables(build, sources);
  return Object.keys(values).flatMap((name) => {
    if (!isShellName(name)) return [`The environment variable ${JSON.stringify(name)} is not set: shells know names of letters, digits and underscores only`];
    return Object.hasOwn(own, name) || isRunners(name) ? [`The environment variable ${name} is CodeBuild's own: the value that the project or the start of the build gives it is not used`] : [];
  });
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
    CODEBUILD_KMS_KEY_ID: build.definition.encryptionKey ?? defaultKeyArn(build),
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
