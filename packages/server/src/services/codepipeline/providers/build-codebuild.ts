import type { Build, EnvironmentVariable, ProjectArtifacts, StartBuildInput } from '@slipway/contracts/codebuild';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredArtifact } from '../store.ts';
import { value } from './provider.ts';
import type { ActionRun, Progress, Provider } from './provider.ts';

/**
 * A CodeBuild build. What AWS hands over between the two services, here StartBuild carries: the source is of type
 * CODEPIPELINE at `bucket/key`, further inputs are secondary sources named as their artifacts; the artifact is of type
 * CODEPIPELINE in bucket `location` under the key `path/name`, several are secondary artifacts named as the outputs.
 */
export function codeBuildBuild({ peers }: { peers: Peers }, category: 'Build' | 'Test' = 'Build'): Provider {
  const codebuild = (run: ActionRun) => peers.as(run.role).codebuild;

  return {
    category, provider: 'CodeBuild', inputs: [1, 5], outputs: [0, 5], timeoutMinutes: 36 * 60,
    configuration: {
      ProjectName: { required: true }, PrimarySource: {}, EnvironmentVariables: {},
      BatchEnabled: { values: ['false'] }, CombineArtifacts: { values: ['false'] },
    },

    check(configuration, inputs) {
      const { PrimarySource, EnvironmentVariables } = configuration;
      if (inputs.length > 1 && PrimarySource === undefined) return 'PrimarySource is required for actions with several input artifacts';
      if (PrimarySource !== undefined && !inputs.includes(PrimarySource)) return `PrimarySource ${PrimarySource} is not an input artifact of the action`;
      if (EnvironmentVariables !== undefined && !EnvironmentVariables.includes('#{') && readVariables(EnvironmentVariables) === undefined) {
        return 'EnvironmentVariables must be a JSON array of objects with name, value and type';
      }
      return undefined;
    },

    async start(run) {
      const environment = readVariables(run.configuration.EnvironmentVariables ?? '[]');
      if (environment === undefined) return { status: 'Failed', code: 'ConfigurationError', message: 'EnvironmentVariables is not a JSON array of objects with name, value and type.' };
      const { build } = await codebuild(run).StartBuild(request(run, environment), { region: run.region, once: run.id, signal: run.signal });
      if (build?.id === undefined) throw new Error('StartBuild answered no build');
      return going(run, build);
    },

    async poll(run) {
      const id = run.externalId as string;
      const [build] = (await codebuild(run).BatchGetBuilds({ ids: [id] }, { region: run.region, signal: run.signal })).builds ?? [];
      if (build === undefined) return { status: 'Failed', code: 'JobFailed', message: `The build ${id} does not exist any more.` };
      if (build.buildStatus === undefined || build.buildStatus === 'IN_PROGRESS') return going(run, build);
      const links = { externalId: id, url: build.logs?.deepLink };
      if (build.buildStatus !== 'SUCCEEDED') return { ...links, status: 'Failed', code: 'JobFailed', message: failure(build) };
      return { ...links, status: 'Succeeded', variables: Object.fromEntries((build.exportedEnvironmentVariables ?? []).map((it) => [it.name ?? '', it.value ?? ''])) };
    },
  };
}

function going(run: ActionRun, build: Build): Progress {
  const { account, region } = run;
  return { status: 'InProgress', externalId: build.id, url: build.logs?.deepLink, watch: { kind: 'codebuild/build', account, region, id: build.id as string } };
}

function request(run: ActionRun, environmentVariablesOverride: EnvironmentVariable[]): StartBuildInput {
  const primary = run.inputs.find((input) => input.name === run.configuration.PrimarySource) ?? run.inputs[0];
  if (primary === undefined) throw new Error('a build action has an input');
  const others = run.inputs.filter((input) => input !== primary);
  const single = run.outputs.length === 1 ? run.outputs[0] : undefined;
  return {
    projectName: value(run.configuration, 'ProjectName'),
    sourceTypeOverride: 'CODEPIPELINE', sourceLocationOverride: `${primary.bucket}/${primary.key}`, sourceVersion: primary.revision,
    secondarySourcesOverride: others.map((input) => ({ type: 'CODEPIPELINE', location: `${input.bucket}/${input.key}`, sourceIdentifier: input.name })),
    secondarySourcesVersionOverride: others.flatMap((input) => (input.revision === undefined ? [] : [{ sourceIdentifier: input.name, sourceVersion: input.revision }])),
    artifactsOverride: single ? place(single) : { type: 'CODEPIPELINE' },
    secondaryArtifactsOverride: single ? [] : run.outputs.map((output) => place(output, output.name)),
    environmentVariablesOverride,
  };
}

function place(output: StoredArtifact, identifier?: string): ProjectArtifacts {
  const cut = output.key.lastIndexOf('/');
  return {
    type: 'CODEPIPELINE', location: output.bucket, path: output.key.slice(0, cut), name: output.key.slice(cut + 1),
    packaging: 'ZIP', namespaceType: 'NONE', ...(identifier === undefined ? {} : { artifactIdentifier: identifier }),
  };
}

function readVariables(json: string): EnvironmentVariable[] | undefined {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return Array.isArray(list) && list.every(isVariable) ? list as EnvironmentVariable[] : undefined;
}

function isVariable(item: unknown): boolean {
  const { name, value, type } = (item ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && typeof value === 'string' && (type === undefined || ['PLAINTEXT', 'PARAMETER_STORE', 'SECRETS_MANAGER'].includes(String(type)));
}

/** AWS's words: the failed phase, its code and message, which names the command and its exit status. */
function failure(build: Build): string {
  const failed = build.phases?.find((phase) => phase.phaseStatus !== undefined && phase.phaseStatus !== 'SUCCEEDED');
  const context = failed?.contexts?.find((it) => it.message !== undefined || it.statusCode !== undefined);
  const detail = failed ? ` Phase: ${failed.phaseType}, Code: ${context?.statusCode ?? ''}, Message: ${context?.message ?? ''}` : '';
  return `Build terminated with state: ${build.buildStatus}.${detail}`;
}
