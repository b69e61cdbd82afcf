import type { CodeDeployApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import type { HealthRule, MinimumHealthy } from './decide.ts';
import { fail } from './fail.ts';

/** A deployment configuration for servers. */
export interface ServerConfig {
  readonly id: string;
  readonly name: string;
  /** As GetDeploymentConfig shows it. */
  readonly minimumHealthy: MinimumHealthy;
  /** As it is applied: AWS shows OneAtATime as 99 per cent, yet deploys to one host at a time in fleets of any size. */
  readonly rule: HealthRule;
}

export const DEFAULT_CONFIG = 'CodeDeployDefault.OneAtATime';

const percent = (value: number): MinimumHealthy => ({ type: 'FLEET_PERCENT', value });

/** AWS's predefined configurations for servers, which exist in every account. */
export const SERVER_CONFIGS: readonly ServerConfig[] = [
  { id: '00000000-0000-0000-0000-000000000001', name: DEFAULT_CONFIG, minimumHealthy: percent(99), rule: 'ALL_BUT_ONE' },
  { id: '00000000-0000-0000-0000-000000000002', name: 'CodeDeployDefault.HalfAtATime', minimumHealthy: percent(50), rule: percent(50) },
  { id: '00000000-0000-0000-0000-000000000003', name: 'CodeDeployDefault.AllAtOnce', minimumHealthy: percent(0), rule: percent(0) },
];

export const findConfig = (name: string): ServerConfig | undefined => SERVER_CONFIGS.find((config) => config.name === name);

/** They have no creation time of their own. */
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
