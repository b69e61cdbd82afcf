import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeploymentInfo, LifecycleEvent } from '@aws-sdk/client-codedeploy';
import { plain } from '@slipway/hosts';
import type { Host } from '@slipway/hosts';
import type { Slipway } from '@slipway/testkit';
import { build } from 'esbuild';
import { zipOf } from './bundles.ts';

export const HALF = 'CodeDeployDefault.HalfAtATime';
export const ALL = 'CodeDeployDefault.AllAtOnce';

/** Hosts with the real agent, a bucket for revisions, and a file to which scripts write what they did. */
export class Fleet {
  readonly s: Slipway;
  readonly folder: string;
  readonly ledger: string;
  readonly agentPath: string;
  readonly hosts: Host[] = [];
  readonly roleArn: string;
  #applications = 0;

  private constructor(s: Slipway, folder: string, roleArn: string) {
    this.s = s;
    this.folder = folder;
    this.ledger = join(folder, 'ledger');
    this.agentPath = join(folder, 'agent.js');
    this.roleArn = roleArn;
  }

  static async start(s: Slipway, names: readonly string[]): Promise<Fleet> {
    const roleArn = await s.role('deployer', 'codedeploy.amazonaws.com');
    await s.aws.s3.createBucket({ Bucket: 'revisions' });
    const fleet = new Fleet(s, await mkdtemp(join(tmpdir(), 'slipway-fleet-')), roleArn);
    const agent = dirname(fileURLToPath(import.meta.resolve('@slipway/agent')));
    await build({ entryPoints: [join(agent, 'main.ts')], outfile: fleet.agentPath, bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'error' });
    for (const name of names) await fleet.addHost(name);
    return fleet;
  }

  async addHost(name: string): Promise<void> {
    const { arn, ...credentials } = await this.s.user(name, { Action: 's3:GetObject*', Resource: '*' });
    await this.register(name, arn);
    this.hosts.push(await plain.create({ name, folder: join(this.folder, name), agentPath: this.agentPath, endpoint: this.s.endpoint, region: this.s.region, credentials, hostIdentifier: arn }));
  }

  /** Known to CodeDeploy, with the tag `Name`, and no agent there. */
  async register(name: string, iamUserArn: string): Promise<void> {
    await this.s.aws.codedeploy.registerOnPremisesInstance({ instanceName: name, iamUserArn });
    await this.s.aws.codedeploy.addTagsToOnPremisesInstances({ instanceNames: [name], tags: [{ Key: 'Name', Value: name }] });
  }

  /** A new application with a group of these hosts. */
  async group(hosts: readonly string[], deploymentConfigName?: string): Promise<{ applicationName: string; deploymentGroupName: string }> {
    const named = { applicationName: `app-${++this.#applications}`, deploymentGroupName: 'fleet' };
    await this.s.aws.codedeploy.createApplication({ applicationName: named.applicationName });
    await this.s.aws.codedeploy.createDeploymentGroup({
      ...named, deploymentConfigName, serviceRoleArn: this.roleArn,
      onPremisesInstanceTagFilters: hosts.map((Value) => ({ Key: 'Name', Value, Type: 'KEY_AND_VALUE' })),
    });
    return named;
  }

  /** Puts the bundle where hosts find it and deploys it. */
  async deploy(group: { applicationName: string; deploymentGroupName: string }, bundle: Record<string, string> | Buffer): Promise<string> {
    const Key = `${group.applicationName}.zip`;
    await this.s.aws.s3.putObject({ Bucket: 'revisions', Key, Body: Buffer.isBuffer(bundle) ? bundle : await zipOf(bundle) });
    const { deploymentId } = await this.s.aws.codedeploy.createDeployment({ ...group, revision: { revisionType: 'S3', s3Location: { bucket: 'revisions', key: Key, bundleType: 'zip' } } });
    return deploymentId as string;
  }

  async ended(deploymentId: string): Promise<DeploymentInfo> {
    await this.s.until((event) => event.detailType === 'CodeDeploy Deployment State-change Notification' && event.detail.deploymentId === deploymentId
      && ['SUCCESS', 'FAILURE', 'STOP'].includes(String(event.detail.state)));
    return (await this.s.aws.codedeploy.getDeployment({ deploymentId })).deploymentInfo as DeploymentInfo;
  }

  async statuses(deploymentId: string): Promise<Record<string, string | undefined>> {
    const { targetIds = [] } = await this.s.aws.codedeploy.listDeploymentTargets({ deploymentId });
    const { deploymentTargets = [] } = await this.s.aws.codedeploy.batchGetDeploymentTargets({ deploymentId, targetIds });
    return Object.fromEntries(deploymentTargets.map(({ instanceTarget }) => [instanceTarget?.targetId, instanceTarget?.status]));
  }

  async events(deploymentId: string, targetId: string): Promise<LifecycleEvent[]> {
    const { deploymentTarget } = await this.s.aws.codedeploy.getDeploymentTarget({ deploymentId, targetId });
    return deploymentTarget?.instanceTarget?.lifecycleEvents ?? [];
  }

  async failure(deploymentId: string, targetId: string): Promise<LifecycleEvent | undefined> {
    return (await this.events(deploymentId, targetId)).find((event) => event.status === 'Failed');
  }

  async lines(): Promise<string[]> {
    const text = await readFile(this.ledger, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  /** Waits for a script on a host to have written this. */
  async written(accepts: (line: string) => boolean): Promise<void> {
    while (!(await this.lines()).some(accepts)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** The same hosts after their server was started again. */
  withServer(s: Slipway): Fleet {
    return new Fleet(s, this.folder, this.roleArn);
  }

  async stop(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.destroy()));
    await rm(this.folder, { recursive: true, force: true });
  }
}
