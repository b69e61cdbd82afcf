import { readSpool, type CollectedArtifact } from '@slipway/builder';
import type { StatusType } from '@slipway/contracts/codebuild';
import { wantsArtifacts } from '../artifacts/destinations.ts';
import { uploadArtifacts, type Uploaded } from '../artifacts/upload.ts';
import type { StoredBuild } from '../builds/build.ts';
import { saveCache } from '../cache/index.ts';
import { phaseLines } from './commit.ts';
import { complete, leave } from './decide.ts';
import { becomeRole } from './held.ts';
import { unlessInterrupted } from './interrupting.ts';
import type { StepDeps, StepRunner } from './step.ts';

/** UPLOAD_ARTIFACTS, and the end: attempted after a failed BUILD too, which stays failed. */
export const upload: StepRunner = async (deps, run, build) => {
  const { clock, commit } = deps;
  const sent = await unlessInterrupted(deps, run, build, (signal) => send(deps, signal, build));
  if (!sent) return 'on';
  const { artifacts, lines, problem, kept } = sent;
  const now = clock.now();
  const status: StatusType = problem ? 'FAILED' : 'SUCCEEDED';
  const ended = leave({ ...build, artifacts }, now, status, problem ? [problem] : []);
  const outcome: StatusType = problem || build.outcome !== 'SUCCEEDED' ? 'FAILED' : 'SUCCEEDED';
  await commit(run, build, complete(ended, now, outcome), { lines: ['Phase is UPLOAD_ARTIFACTS', ...lines, ...kept, ...phaseLines('UPLOAD_ARTIFACTS', status, problem)] });
  return 'on';
};

async function send(deps: StepDeps, signal: AbortSignal, build: StoredBuild): Promise<Uploaded & { readonly kept: readonly string[] }> {
  const { held, peers, folderOf } = deps;
  const folder = folderOf(build);
  const collected = wantsArtifacts(build) ? await collectedArtifacts(folder, build) : [];
  const become = await becomeRole(held, build);
  if ('problem' in become) return { artifacts: build.artifacts, lines: [], problem: become.problem, kept: [] };
  const { role } = become;
  const uploaded = await uploadArtifacts({ peers }, { build, role, collected, signal });
  return { ...uploaded, kept: await saveCache(deps, { build, role, folder, signal }) };
}

/** The supervisor told them before its end; their files still lie in the build's folder. */
async function collectedArtifacts(folder: string, { artifacts_from }: StoredBuild): Promise<CollectedArtifact[]> {
  const collected: CollectedArtifact[] = [];
  for (let from = artifacts_from, more = true; from !== null && more; ) {
    const part = await readSpool(folder, { from });
    for (const { frame, next } of part.frames) {
      from = next;
      if (frame.type === 'artifact') collected.push(frame);
      // Without its frames there is no telling what the artifacts were.
      if (frame.type === 'supervisor-died') return [{ identifier: null, error: { statusCode: 'INTERNAL_SERVICE_ERROR', message: 'The folder of the build is gone' } }];
    }
    more = part.more;
  }
  return collected;
}
