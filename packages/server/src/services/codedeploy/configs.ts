import type { HealthRule, MinimumHealthy } from './decide.ts';

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
