import type { Build, CreateProjectInput, StartBuildInput } from '@aws-sdk/client-codebuild';
import type { Slipway } from '@slipway/testkit';

export const everything = { Action: '*', Resource: '*' } as const;

/** What tests of builds say often. */
export function buildsOf(s: Slipway) {
  let role: Promise<string> | undefined;

  const api = {
    /** A role that builds may use for everything. */
    role: () => (role ??= s.role('builder', 'codebuild.amazonaws.com', everything)),

    async project(name: string, more: Partial<CreateProjectInput> = {}): Promise<void> {
      await s.aws.codebuild.createProject({
        name, serviceRole: await api.role(), artifacts: { type: 'NO_ARTIFACTS' }, source: { type: 'NO_SOURCE', buildspec: buildspec(['true']) },
        environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' }, ...more,
      });
    },

    async start(projectName: string, more: Partial<StartBuildInput> = {}): Promise<string> {
      return (await s.aws.codebuild.startBuild({ projectName, ...more })).build!.id!;
    },

    async build(id: string): Promise<Build> {
      return (await s.aws.codebuild.batchGetBuilds({ ids: [id] })).builds![0]!;
    },

    async ended(id: string): Promise<Build> {
      await s.until(({ detailType, detail }) => detailType === 'CodeBuild Build State Change' && String(detail['build-id']).endsWith(id) && detail['build-status'] !== 'IN_PROGRESS');
      await s.settled();
      return api.build(id);
    },

    async run(projectName: string, more: Partial<StartBuildInput> = {}): Promise<Build> {
      return api.ended(await api.start(projectName, more));
    },

    /** All lines of a build's log, in order. */
    async log({ logs }: Build): Promise<string[]> {
      const lines: string[] = [];
      for (let nextToken: string | undefined, last: string | undefined; ; last = nextToken) {
        const page = await s.aws.cloudwatchLogs.getLogEvents({ logGroupName: logs!.groupName, logStreamName: logs!.streamName, startFromHead: true, nextToken });
        lines.push(...page.events!.map(({ message }) => message!));
        nextToken = page.nextForwardToken;
        if (nextToken === last) return lines;
      }
    },

    /** The log without CodeBuild's own lines. */
    async output(build: Build): Promise<string[]> {
      return (await api.log(build)).filter((line) => !line.startsWith('[Container]'));
    },

    async object(bucket: string, key: string): Promise<Buffer> {
      const { Body } = await s.aws.s3.getObject({ Bucket: bucket, Key: key });
      return Buffer.from(await Body!.transformToByteArray());
    },
  };
  return api;
}

export const phase = (build: Build, type: string) => build.phases!.find(({ phaseType }) => phaseType === type);
export const phaseNames = (build: Build) => build.phases!.map(({ phaseType, phaseStatus }) => `${phaseType}${phaseStatus && phaseStatus !== 'SUCCEEDED' ? ` ${phaseStatus}` : ''}`);

/** A buildspec with these commands in its BUILD phase. */
export function buildspec(commands: readonly string[], more = ''): string {
  return `version: 0.2\n${more}phases:\n  build:\n    commands:\n${commands.map((command) => `      - ${JSON.stringify(command)}\n`).join('')}`;
}
