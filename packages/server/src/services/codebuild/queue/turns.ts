import type { Jobs } from '../../../engine/jobs.ts';
import type { Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';
import { buildJob } from '../builds/job.ts';
import { admitted } from './queue.ts';
import { lockQueue, queueState } from './store.ts';

export interface TurnsDeps {
  readonly jobs: Pick<Jobs, 'wake'>;
  /** How many builds of one account run at once in one region. */
  readonly concurrentBuilds: number;
}

/** Wakes the builds whose turn it is: whenever one has ended, or a limit has changed. */
export async function wakeAdmitted(tx: Transaction, { jobs, concurrentBuilds }: TurnsDeps, { account, region }: Place): Promise<void> {
  await lockQueue(tx, { account, region });
  for (const { id } of admitted(await queueState(tx, { account, region }), concurrentBuilds)) await jobs.wake(tx, buildJob({ account, region, id }));
}
