import { mkdir } from 'node:fs/promises';
import type { PhaseContext } from '@slipway/contracts/codebuild';
import { ServiceError } from '../../../kernel/errors.ts';
import { buildArn } from '../arns.ts';
import { logNames, type StoredBuild } from '../builds/build.ts';
import { endHere, enter, interruption, leave } from './decide.ts';
import { becomeRole } from './held.ts';
import { unlessInterrupted } from './interrupting.ts';
import { settleImage, type SettledImage } from '../runner/image.ts';
import { placeLines, placeOf, type BuildPlace } from '../runner/runner.ts';
import { admitted } from '../queue/queue.ts';
import type { StepDeps, StepRunner } from './step.ts';
import { lockQueue, queueState } from '../queue/store.ts';

/** QUEUED: until it is this build's turn, see `queue/`. The build whose end makes room wakes whom it is for. */
export const leaveQueue: StepRunner = async ({ clock, commit, concurrentBuilds }, run, build) => {
  const now = clock.now();
  const interrupted = interruption(build, now);
  if (interrupted) {
    await commit(run, build, endHere(build, now, interrupted));
    return 'on';
  }
  const started = enter(leave(build, now, 'SUCCEEDED'), 'PROVISIONING', now);
  const allowed = await commit(run, build, started, {
    allowed: async (tx) => {
      await lockQueue(tx, build);
      return admitted(await queueState(tx, build), concurrentBuilds).some(({ id }) => id === build.id);
    },
  });
  return allowed ? 'on' : 'wait';
};

/** PROVISIONING: becomes the service role, opens the log, makes the build's folder. */
export const provision: StepRunner = async (deps, run, build) => {
  const { clock, commit, runner } = deps;
  const { environment } = build.definition;
  const place = placeOf(runner, environment);
  const found = await unlessInterrupted(deps, run, build, async (signal) => ('problem' in place ? { problem: { statusCode: 'CLIENT_ERROR', message: place.problem } } : open(deps, signal, build, place)));
  if (!found) return 'on';
  const now = clock.now();
  if ('problem' in place || 'problem' in found) {
    await commit(run, build, endHere(build, now, { status: 'FAILED', ...('problem' in found ? { context: found.problem } : {}) }));
    return 'on';
  }
  await mkdir(deps.folderOf(build), { recursive: true, mode: 0o700 });
  const provisioned = { ...build, log_stream: logNames(build)?.stream ?? null, node: deps.node, image_id: found.id };
  await commit(run, build, enter(leave(provisioned, now, 'SUCCEEDED'), 'DOWNLOAD_SOURCE', now), { lines: [...placeLines(place, environment), ...found.lines, ...vpcLines(build)] });
  return 'on';
};

/** The image and the log; or what the role lacks to begin with, in AWS's words. */
async function open({ db, held, peers }: StepDeps, signal: AbortSignal, build: StoredBuild, place: BuildPlace): Promise<Exclude<SettledImage, { problem: unknown }> | { problem: PhaseContext }> {
  const { serviceRole } = build.definition;
  const role = await becomeRole(held, build);
  if ('problem' in role) return role;
  const image = await settleImage({ db, peers }, build, place, role.role, signal);
  if ('problem' in image || !logNames(build)) return image;
  try {
    await held.openLog(build);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return {
      problem: {
        statusCode: 'ACCESS_DENIED',
        message: `Service role ${serviceRole} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build ${buildArn(build, build.id)}. Error message: ${error.message}`,
      },
    };
  }
  return image;
}

/** A VPC is a network of AWS's; what a build reaches here is the installation's to say. */
function vpcLines({ definition: { vpcConfig } }: StoredBuild): string[] {
  return vpcConfig?.vpcId ? [`The project's vpcConfig (${vpcConfig.vpcId}) is no network of this installation: the build reaches what every build here reaches`] : [];
}
