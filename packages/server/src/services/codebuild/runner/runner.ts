import { bestRunner, computeLimits, engineProblem, findEngineSocket, runnerOf, type BuildSpec, type Limits, type NetworkMode, type NetworkRequest, type Preparation, type RunnerKind } from '@slipway/builder';
import type { ProjectEnvironment } from '@slipway/contracts/codebuild';
import { credentialsPath } from '../environment/environment.ts';

/** What builds run in. `dummy` succeeds without processes, for tests. */
export type BuildRunner = 'auto' | 'sandbox' | 'container' | 'plain' | 'dummy';

/** What the operator says of the place that builds run in. */
export interface RunnerSettings {
  readonly wanted: BuildRunner;
  /** What builds may reach. */
  readonly network: NetworkMode;
  /** What isolated builds reach beyond public addresses: CIDRs. */
  readonly networkAllow: readonly string[];
  /** The container engine's socket; looked for in the usual places when absent. */
  readonly containerSocket?: string | undefined;
  /** The image that AWS's own images stand for in containers. */
  readonly containerImage?: string | undefined;
  /** Whether projects may ask for privileged containers, which are root on this machine. */
  readonly privileged: boolean;
  /** Certificates of authorities that builds must trust to reach us. */
  readonly certificates?: string | undefined;
  /** What a build may use of the disk, where that is less than its compute type grants. */
  readonly diskBytes?: number | undefined;
}

/** The runner that this installation's builds have, or why they cannot run. */
export interface ChosenRunner extends Pick<RunnerSettings, 'network' | 'networkAllow' | 'containerImage' | 'privileged' | 'certificates' | 'diskBytes'> {
  /** For AWS's own images. */
  readonly kind?: RunnerKind;
  readonly problem?: string;
  /** The engine's socket, for all other images. */
  readonly engine?: string;
  /** Why there is none. */
  readonly noEngine?: string;
  /** What the operator should know of the isolation that builds have. */
  readonly notice?: string;
}

const wayOut = 'Install bubblewrap, or a container engine, or let builds run as plain processes without isolation: --runner plain, or SLIPWAY_RUNNER=plain.';

/** A build's commands are somebody's program: without isolation they run only where the operator has said so. */
export async function chooseRunner(settings: RunnerSettings): Promise<ChosenRunner> {
  const { wanted, network, networkAllow, containerImage, privileged, certificates, diskBytes } = settings;
  const common = { network, networkAllow, containerImage, privileged, certificates, diskBytes };
  if (wanted === 'dummy') return { ...common, kind: 'dummy' };
  if (wanted === 'plain') {
    const why = await runnerOf('plain').unavailable();
    if (why !== undefined) return { ...common, ...refused(why) };
    return { ...common, kind: 'plain', noEngine: 'this installation runs builds as plain processes', notice: 'Builds run as plain processes of this user, without isolation: they can read and change whatever this user can, other builds, the data folder and its master key included.' };
  }
  const engine = wanted === 'sandbox' ? { noEngine: 'this installation runs builds in sandboxes only' } : await findEngine(settings.containerSocket);
  if (wanted === 'container') {
    if (engine.engine === undefined) return { ...common, ...refused(engine.noEngine ?? '') };
    return { ...common, ...engine, kind: 'container', notice: `Builds run in containers (${engine.engine}), ${reach[network]}.` };
  }
  const best = await bestRunner();
  const others = engine.engine === undefined ? '' : ` Images other than aws/codebuild/… run in containers (${engine.engine}).`;
  if (best.kind === 'sandbox') return { ...common, ...engine, kind: 'sandbox', notice: `Builds run in a sandbox (bubblewrap): processes, files and /tmp of their own, this machine's system read-only, ${reach[network]}.${others}` };
  if (engine.engine !== undefined) return { ...common, ...engine, kind: 'container', notice: `Builds run in containers (${engine.engine}), ${reach[network]}.` };
  return { ...common, ...refused(best.why ?? 'there is no sandbox') };
}

const reach: Readonly<Record<NetworkMode, string>> = {
  isolated: 'a network of their own with ways to this server and, by a proxy, public addresses',
  none: 'a network of their own with a way to this server only',
  host: "this machine's network shared, its loopback ports included",
};

async function findEngine(named: string | undefined): Promise<{ engine?: string; noEngine?: string }> {
  const socket = named ?? findEngineSocket();
  if (socket === undefined) return { noEngine: 'no container engine was found: name its socket with --container-socket or SLIPWAY_CONTAINER_SOCKET' };
  const problem = await engineProblem(socket);
  return problem === undefined ? { engine: socket } : { noEngine: problem };
}

const refused = (why: string): { problem: string; notice: string } => {
  const problem = `Builds cannot run here: ${why}. ${wayOut}`;
  return { problem, notice: problem };
};

/** Images that stand for the environment which this installation offers. */
const isCurated = (image: string): boolean => /^aws\/codebuild\/[a-z0-9_.-]+:[a-z0-9_.-]+$/.test(image);

/** Where a build runs: in which runner, and for containers in which image. */
export type BuildPlace = { readonly kind: Exclude<RunnerKind, 'container'> } | { readonly kind: 'container'; readonly socket: string; readonly image: string; readonly privileged: boolean;
  /** The image is the one that the operator offers. */
  readonly operators: boolean;
};

/** The place that a build's environment asks for, or in words why it is not to be had here. */
export function placeOf(runner: ChosenRunner, { image, privilegedMode = false }: Pick<ProjectEnvironment, 'image' | 'privilegedMode'>): BuildPlace | { readonly problem: string } {
  if (runner.kind === undefined) return { problem: runner.problem ?? 'Builds cannot run here' };
  if (runner.kind === 'dummy') return { kind: 'dummy' };
  if (isCurated(image) && !privilegedMode && runner.kind !== 'container') return { kind: runner.kind };
  if (runner.engine === undefined) return { problem: `The image ${image}${privilegedMode ? ' with privilegedMode' : ''} needs a container engine: ${runner.noEngine ?? 'there is none'}` };
  if (privilegedMode && !runner.privileged) return { problem: "privilegedMode is not allowed here: a privileged container is as good as root on the server's machine. The operator allows it with --privileged-builds yes, or SLIPWAY_PRIVILEGED_BUILDS=yes" };
  if (isCurated(image) && runner.containerImage === undefined) return { problem: `The image ${image} stands for what this installation offers, which in containers is nothing yet: the operator names an image with --container-image or SLIPWAY_CONTAINER_IMAGE` };
  return { kind: 'container', socket: runner.engine, image: isCurated(image) ? runner.containerImage! : image, privileged: privilegedMode, operators: isCurated(image) };
}

const networkOf = ({ network, networkAllow, certificates }: ChosenRunner, isolates: boolean, endpoint: string): NetworkRequest => ({
  mode: isolates ? network : 'host', endpoint, allow: networkAllow, credentials: { url: `${endpoint}${credentialsPath}`, ...(certificates === undefined ? {} : { certificates }) },
});

/** What supervisors prepare for the next build: most are of the kind that AWS's own images are for. */
export function preparationOf(runner: ChosenRunner, endpoint: string): Preparation {
  const { kind = 'plain' } = runner;
  return { runner: kind, network: networkOf(runner, kind === 'sandbox' || kind === 'container', endpoint) };
}

/** What the supervisor is told of the place. */
export function placeSpec(runner: ChosenRunner, place: BuildPlace, { computeType, imageId, endpoint }: { computeType: string; imageId: string | null; endpoint: string }): Pick<BuildSpec, 'runner' | 'container' | 'limits' | 'network' | 'certificates'> {
  const { kind } = place;
  const { certificates } = runner;
  const isolates = kind === 'sandbox' || kind === 'container';
  const limits = limitsOf(runner, kind, computeType);
  return {
    runner: kind,
    ...(kind === 'container' ? { container: { socket: place.socket, image: place.image, privileged: place.privileged, ...(imageId === null ? {} : { imageId }) } } : {}),
    network: networkOf(runner, isolates, endpoint),
    ...(limits === undefined ? {} : { limits }),
    ...(certificates === undefined ? {} : { certificates }),
  };
}

/** What a build may use. Plain processes have no limits but that of the disk. */
export function limitsOf({ diskBytes }: ChosenRunner, kind: RunnerKind, computeType: string): Limits | undefined {
  if (kind === 'dummy') return undefined;
  const limits = computeLimits(computeType, diskBytes === undefined ? {} : { diskBytes });
  return kind === 'plain' && limits !== undefined ? { diskBytes: limits.diskBytes, inodes: limits.inodes } : limits;
}

/** How a build's log says what the image stands for, and what the compute type means. */
export function placeLines(place: BuildPlace, { image, computeType }: Pick<ProjectEnvironment, 'image' | 'computeType'>): string[] {
  const stands = place.kind === 'container' ? (place.image === image ? `The build runs in a container of the image ${image}` : `The image ${image} stands for ${place.image}, in a container`) : `The image ${image} stands for this machine's own system, ${words[place.kind]}`;
  return [stands, ...(place.kind === 'plain' || place.kind === 'dummy' ? [`The compute type ${computeType} sets no limit to memory and processors here`] : [])];
}

const words: Readonly<Record<Exclude<RunnerKind, 'container'>, string>> = {
  sandbox: 'in a sandbox (bubblewrap)',
  plain: 'as plain processes without isolation',
  dummy: 'played by the dummy runner',
};
