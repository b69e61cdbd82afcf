import type { Place } from '../../../kernel/place.ts';
import type { JobKey } from '../../../engine/jobs.ts';

export const BUILD_JOB = 'codebuild/build';

/** A build's job, and the subject that others watch to learn of its end. */
export const buildJob = ({ account, region, id }: Place & { id: string }): JobKey => ({ kind: BUILD_JOB, account, region, id });
