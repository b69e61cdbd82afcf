import { join } from 'node:path';
import type { Host } from '@slipway/hosts';
import { detectBestHost } from '@slipway/hosts';
import type { Services } from './api.ts';
import { names } from './resources.ts';
import { createHostUser } from './roles.ts';

export interface HostsOptions {
  readonly aws: Services;
  /** Under which each host gets a folder of its own. */
  readonly folder: string;
  readonly agentPath: string;
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The server's data, which hosts need not see. */
  readonly hide: readonly string[];
  /** Told how to end each host, as soon as it is there. */
  readonly ends: (() => Promise<void>)[];
}

/** Registers on-premises instances and starts a local host for each. Answers them with the words on how isolated they are. */
export async function startHosts(hostNames: readonly string[], options: HostsOptions): Promise<{ hosts: Host[]; reason: string }> {
  const { kind, reason } = await detectBestHost();
  const hosts: Host[] = [];
  for (const name of hostNames) {
    const user = await createHostUser(options.aws, name, options.bucket);
    await options.aws.codedeploy('RegisterOnPremisesInstance', { instanceName: name, iamUserArn: user.userArn });
    await options.aws.codedeploy('AddTagsToOnPremisesInstances', { instanceNames: [name], tags: [names.hostTag] });
    const host = await kind.create({
      name,
      folder: join(options.folder, name),
      agentPath: options.agentPath,
      endpoint: options.endpoint,
      region: options.region,
      credentials: user,
      hostIdentifier: user.userArn,
      hide: options.hide,
    });
    hosts.push(host);
    options.ends.push(() => host.destroy());
  }
  return { hosts, reason };
}
