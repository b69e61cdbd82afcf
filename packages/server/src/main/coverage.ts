import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadContract, type Apis } from '@slipway/contracts';
import { systemClock } from '../kernel/clock.ts';
import { silent } from '../kernel/log.ts';
import { compose } from './compose.ts';
import { readConfig } from './config.ts';
import { masterKey, openDataFolder } from './data-folder.ts';

/** What a server answers of one service's API, names sorted. */
export interface ServiceCoverage {
  /** The room's name: `codebuild`. */
  readonly service: string;
  /** AWS's: `CodeBuild`. */
  readonly serviceId: string;
  readonly apiVersion: string;
  readonly implemented: readonly string[];
  readonly notYet: readonly string[];
}

/** Asks the rooms themselves, composed on a data folder that is thrown away and not started. */
export async function coverage(): Promise<ServiceCoverage[]> {
  const data = await mkdtemp(join(tmpdir(), 'slipway-coverage-'));
  const folder = openDataFolder(data);
  const house = await compose({
    config: readConfig({ data }, {}),
    folder,
    log: silent,
    clock: systemClock,
    masterKey: masterKey(folder, undefined),
    endpoint: () => 'http://localhost',
    programs: { supervisor: '', agent: '' },
    runner: 'dummy',
    certificates: undefined,
  });
  try {
    return house.services.map((service) => {
      const { serviceId, apiVersion } = loadContract(service.name as keyof Apis);
      return { service: service.name, serviceId, apiVersion, implemented: Object.keys(service.operations).toSorted(), notYet: service.notYet.toSorted() };
    });
  } finally {
    await house.stop();
    await rm(data, { recursive: true, force: true });
  }
}
