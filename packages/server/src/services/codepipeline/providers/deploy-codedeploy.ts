import type { Peers } from '../../../kernel/peers.ts';
import { value } from './provider.ts';
import type { Provider } from './provider.ts';

/** A CodeDeploy deployment of the input artifact. */
export function codeDeployDeploy({ peers }: { peers: Peers }): Provider {
  return {
    category: 'Deploy', provider: 'CodeDeploy', inputs: [1, 1], outputs: [0, 0], timeoutMinutes: 5 * 24 * 60,
    configuration: { ApplicationName: { required: true }, DeploymentGroupName: { required: true } },

    async start(run) {
      const [input] = run.inputs;
      if (input === undefined) throw new Error('a deploy action has an input');
      const { region, account, signal } = run;
      const { deploymentId } = await peers.as(run.role).codedeploy.CreateDeployment({
        applicationName: value(run.configuration, 'ApplicationName'),
        deploymentGroupName: value(run.configuration, 'DeploymentGroupName'),
        revision: { revisionType: 'S3', s3Location: { bucket: input.bucket, key: input.key, bundleType: 'zip' } },
      }, { region, once: run.id, signal });
      if (deploymentId === undefined) throw new Error('CreateDeployment answered no deployment');
      return { status: 'InProgress', externalId: deploymentId, watch: { kind: 'codedeploy/deployment', account, region, id: deploymentId } };
    },

    async poll(run) {
      const externalId = run.externalId as string;
      const { region, account, signal } = run;
      const { deploymentInfo } = await peers.as(run.role).codedeploy.GetDeployment({ deploymentId: externalId }, { region, signal });
      switch (deploymentInfo?.status) {
        case 'Succeeded': return { status: 'Succeeded', externalId, summary: 'Deployment Succeeded' };
        case 'Failed':
        case 'Stopped': {
          const { code, message } = deploymentInfo.errorInformation ?? {};
          const why = message ?? code ?? `Deployment ${externalId} ended with status ${deploymentInfo.status}.`;
          return { status: 'Failed', code: 'JobFailed', externalId, summary: `Deployment ${externalId} ${deploymentInfo.status.toLowerCase()}`, message: why };
        }
        default: return { status: 'InProgress', externalId, watch: { kind: 'codedeploy/deployment', account, region, id: externalId } };
      }
    },
  };
}
