import type { Migration, Transaction } from '../kernel/database.ts';
import type { JobKey, Jobs } from './jobs.ts';

/** What a job waits for: `{ kind: 'codebuild/build', account, region, id: '<project>:<uuid>' }`. */
export type Subject = JobKey;

/**
 * Waiting without polling, between rooms that do not know each other.
 *
 * Life of a wait: a job learns a subject's name (StartBuild's answer) → commits `watch` → reads the subject's state once,
 * since it may have ended before the watch was there → returns. Every transaction that changes the subject in a way
 * others wait for calls `notify`, which wakes each watching job in that same transaction, so no wake-up is lost and none
 * comes before the change is visible → the woken job reads the state again, and commits `unwatch` when it is done.
 *
 * `codepipeline` watches `codebuild/build` (id: the build's id `<project>:<uuid>`), `codedeploy/deployment` (id: the
 * deployment's id), `codecommit/ref` (id: `<repository name>:<full ref name>`), `s3/object` (id: `<bucket>/<key>`).
 */
export interface Watches {
  watch(tx: Transaction, subject: Subject, job: JobKey): Promise<void>;
  /** Wakes every job that watches the subject. Cheap when nobody does. */
  notify(tx: Transaction, subject: Subject): Promise<void>;
  /** Ends every watch of the job. */
  unwatch(tx: Transaction, job: JobKey): Promise<void>;
}

export const watchMigrations: readonly Migration[] = [{
  id: 'engine-010-watches',
  sql: `create table watches (
      account text not null, region text not null, kind text not null, id text not null,
      job_account text not null, job_region text not null, job_kind text not null, job_id text not null,
      primary key (account, region, kind, id, job_account, job_region, job_kind, job_id)
    );
    create index watches_by_job on watches (job_account, job_region, job_kind, job_id)`,
}];

type WatchTables = {
  watches: {
    account: string; region: string; kind: string; id: string;
    job_account: string; job_region: string; job_kind: string; job_id: string;
  };
};

export function createWatches(deps: { jobs: Pick<Jobs, 'wake'> }): Watches {
  return {
    async watch(tx, subject, job) {
      await tx.query.withTables<WatchTables>().insertInto('watches').values({
        account: subject.account, region: subject.region, kind: subject.kind, id: subject.id,
        job_account: job.account, job_region: job.region, job_kind: job.kind, job_id: job.id,
      }).onConflict((conflict) => conflict.doNothing()).execute();
    },
    async notify(tx, subject) {
      const rows = await tx.query.withTables<WatchTables>().selectFrom('watches').selectAll()
        .where('account', '=', subject.account).where('region', '=', subject.region)
        .where('kind', '=', subject.kind).where('id', '=', subject.id).execute();
      for (const row of rows) {
        await deps.jobs.wake(tx, { kind: row.job_kind, account: row.job_account, region: row.job_region, id: row.job_id });
      }
    },
    async unwatch(tx, job) {
      await tx.query.withTables<WatchTables>().deleteFrom('watches')
        .where('job_account', '=', job.account).where('job_region', '=', job.region)
        .where('job_kind', '=', job.kind).where('job_id', '=', job.id).execute();
    },
  };
}
