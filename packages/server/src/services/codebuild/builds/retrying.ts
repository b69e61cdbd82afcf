import type { Advance, JobKey } from '../../../engine/jobs.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Identities, Peers } from '../../../kernel/peers.ts';
import type { Place } from '../../../kernel/place.ts';
import { assumption, readBuild, retryLimit, type StoredBuild } from './build.ts';
import { findBuild } from './store.ts';

export const RETRY_JOB = 'codebuild/retry';

/** The retry of a build that has failed: a job of its own, so that a crash between the end and the retry loses neither. */
export const retryJob = ({ account, region, id }: Place & { id: string }): JobKey => ({ kind: RETRY_JOB, account, region, id });

/** Whether another build follows: not for a pipeline's, whose stage has a retry of its own. */
export const wantsRetry = (build: StoredBuild): boolean =>
  (build.status === 'FAILED' || build.status === 'FAULT') && build.definition.source.type !== 'CODEPIPELINE' && build.stop_requested === 0 && build.retry_number < retryLimit(build);

/** As AWS does it: by RetryBuild under the project's service role, which must be allowed to. */
export function retryFailed({ db, identities, peers, log }: { readonly db: Database; readonly identities: Identities; readonly peers: Peers; readonly log: Log }): Advance {
  return async (run) => {
    const { region, id } = run.key;
    const row = await findBuild(db, run.key, id);
    if (!row || row.next_retry !== null) return;
    const build = readBuild(row);
    try {
      const role = await identities.assumeForService(assumption(build));
      await peers.as(role).codebuild.RetryBuild({ id }, { region, once: `auto-retry/${id}`, signal: run.signal });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      log.warn('A failed build is not retried', { build: id, error });
    }
  };
}
