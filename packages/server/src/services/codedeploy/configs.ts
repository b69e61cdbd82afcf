import type { MinimumHealthy } from './decide.ts';

/** A deployment configuration for servers. */
export interface ServerConfig {
  readonly id: string;
  readonly name: string;
  readonly minimumHealthy: MinimumHealthy;
}

export const DEFAULT_CONFIG = 'CodeDeployDefault.OneAtATime';

/** AWS's predefined configurations for servers, which exist in every account. OneAtATime is 99 per cent: no fleet
 * has room for less than one host, so exactly one is out of service at a time up to 199 hosts, and AWS's "one" is kept by `mostOutOfService`. */
export const SERVER_CONFIGS: readonly ServerConfig[] = [
  { id: '00000000-0000-0000-0000-000000000001', name: 'CodeDeployDefault.OneAtATime', minimumHealthy: { type: 'FLEET_PERCENT', value: 99 } },
  { id: '00000000-0000-0000-0000-000000000002', name: 'CodeDeployDefault.HalfAtATime', minimumHealthy: { type: 'FLEET_PERCENT', value: 50 } },
  { id: '00000000-0000-0000-0000-000000000003', name: 'CodeDeployDefault.AllAtOnce', minimumHealthy: { type: 'FLEET_PERCENT', value: 0 } },
];
