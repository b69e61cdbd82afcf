import type { Build, CreateProjectCommandInput } from '@aws-sdk/client-codebuild';
import { pause, role, type Clients } from './server.ts';

const POLL_MS = 5;
export const EMPTY_BUILDSPEC = buildspecOf({ build: [':'] });

/** The kind of project that is measured most: no source, an empty buildspec, nothing kept. */
export async function createProject(aws: Clients, project: Partial<Omit<CreateProjectCommandInput, 'environment'>> & { name: string; image?: string; buildspec?: string }): Promise<void> {
  const { image = 'aws/codebuild/standard:7.0', buildspec = EMPTY_BUILDSPEC, source = { type: 'NO_SOURCE' }, ...rest } = project;
  await aws.codebuild.createProject({
    artifacts: { type: 'NO_ARTIFACTS' },
    ...rest,
    source: { ...source, buildspec },
    environment: { type: 'LINUX_CONTAINER', image, computeType: 'BUILD_GENERAL1_SMALL' },
    serviceRole: await role(aws, `bench-${project.name}`, 'codebuild.amazonaws.com'),
  });
}

/** JSON is YAML. */
export function buildspecOf(phases: Readonly<Record<string, readonly string[]>>, rest: object = {}): string {
  return JSON.stringify({ version: 0.2, phases: Object.fromEntries(Object.entries(phases).map(([phase, commands]) => [phase, { commands }])), ...rest });
}

/** Starts a build and waits until it has succeeded. */
export async function build(aws: Clients, projectName: string): Promise<Build> {
  const { build: started } = await aws.codebuild.startBuild({ projectName });
  return succeeded(aws, started!.id!);
}

export async function succeeded(aws: Clients, id: string): Promise<Build> {
  for (;;) {
    const { builds: [found] = [] } = await aws.codebuild.batchGetBuilds({ ids: [id] });
    if (found?.buildStatus === 'SUCCEEDED') return found;
    if (found?.buildStatus !== 'IN_PROGRESS') {
      const failed = found?.phases?.find(({ phaseStatus }) => phaseStatus !== 'SUCCEEDED');
      throw new Error(`a build ended ${found?.buildStatus} in ${failed?.phaseType}: ${failed?.contexts?.[0]?.message}`);
    }
    await pause(POLL_MS);
  }
}

/** Seconds from the end of one phase to the end of another. */
export function between(build: Build, from: string, to: string): number {
  const end = (type: string): number => build.phases!.find(({ phaseType }) => phaseType === type)!.endTime!.getTime();
  return (end(to) - end(from)) / 1000;
}
