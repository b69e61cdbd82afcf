import type { CodeDeployApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import { advanceDeployments } from './advance.ts';
import { applicationRevisions } from './application-revisions.ts';
import { applications } from './applications.ts';
import { codeDeployCommands } from './commands.ts';
import { deploymentConfigs } from './deployment-configs.ts';
import { deployments } from './deployments.ts';
import type { RoomDeps } from './deps.ts';
import { groups } from './groups.ts';
import { createHostCalls } from './host-calls.ts';
import { instances } from './instances.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { createSpecificationSigner } from './specification.ts';
import { tags } from './tags.ts';
import { targets } from './targets.ts';

/**
 * CodeDeploy: in-place deployments to on-premises instances, and as its companion the service that the hosts' agents speak to.
 * `start` begins to listen for commands that other servers on the same database make ready.
 */
export function createCodeDeploy(deps: RoomDeps): Room {
  const hosts = createHostCalls(deps.db);
  advanceDeployments({ ...deps, hosts });
  return {
    service: service<CodeDeployApi>()({
      name: 'codedeploy',
      operations: {
        ...applications(deps), ...applicationRevisions(deps), ...groups(deps), ...deploymentConfigs(), ...deployments(deps), ...targets(deps), ...instances(deps), ...tags(deps),
      },
      access: access(deps.db),
      notYet,
    }),
    migrations,
    companions: [codeDeployCommands({ ...deps, hosts, signer: createSpecificationSigner(() => deps.clock.now()) })],
    start: () => hosts.start(),
  };
}
