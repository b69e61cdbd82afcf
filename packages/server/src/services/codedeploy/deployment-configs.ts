import type { CodeDeployApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import { findConfig, SERVER_CONFIGS } from './configs.ts';
import { fail } from './room.ts';

/** The predefined configurations for servers; they have no creation time of their own. */
export function deploymentConfigs() {
  return {
    async ListDeploymentConfigs(input) {
      if (input.nextToken !== undefined) throw fail('InvalidNextTokenException', 'The next token is not valid.');
      return { deploymentConfigsList: SERVER_CONFIGS.map((config) => config.name) };
    },

    async GetDeploymentConfig(input) {
      const config = findConfig(input.deploymentConfigName);
      if (config === undefined) throw fail('DeploymentConfigDoesNotExistException', `No deployment configuration found for name: ${input.deploymentConfigName}`);
      return { deploymentConfigInfo: { deploymentConfigId: config.id, deploymentConfigName: config.name, minimumHealthyHosts: config.minimumHealthy, computePlatform: 'Server' } };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}
