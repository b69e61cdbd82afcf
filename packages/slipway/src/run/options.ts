import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { NETWORK_MODES, type NetworkMode } from '@slipway/builder';
import { UsageError } from '../usage.ts';

export const HELP = `Usage: slipway run [options] [DIR]

Runs the build of a folder (by default, of this one) on this machine, as a build of CodeBuild would: the same runners,
the same lines of log on standard output. The build gets a copy of the folder; no server is needed.

  --buildspec FILE           another file than DIR/buildspec.yml; a path is looked for in DIR, then from here
  --env NAME=VALUE           a variable of the build, as StartBuild would give it; NAME alone takes the value from here
  --secret NAME=VALUE        the same, masked in the log; NAME alone keeps the value out of the list of processes
  --artifacts DIR            puts the artifacts' files here: the primary ones, and secondary ones in DIR/IDENTIFIER
  --cache DIR                keeps what the buildspec's cache names here, from one run to the next
  --exported FILE            writes the exported variables here, as JSON
  --runner KIND              sandbox (the default), container or plain; plain processes are not isolated from you
  --image IMAGE              the image of the container, pulled where the engine does not have it
  --container-socket FILE    Docker's or Podman's socket (DOCKER_HOST, or the usual places)
  --privileged               the container is as good as root on this machine, which \`docker build\` inside needs
  --network MODE             isolated: AWS_ENDPOINT_URL and, by a proxy, the outside; none: AWS_ENDPOINT_URL; host: all that
                             this machine reaches. Default: isolated; host for plain, and for containers unless you are root
  --timeout MINUTES          ends the build after so long (60)
  --disk SIZE                ends a build that uses more of the disk, such as 500MB or 20GB (what this machine can spare)

AWS_REGION, AWS_ENDPOINT_URL and the AWS_* credentials are handed to the build. parameter-store and secrets-manager are
asked for at AWS_ENDPOINT_URL with these credentials, except for variables that --secret or --env gives.

Ends with 0 for a build that succeeded, 1 for one that failed, 2 for a mistake in the call or in the buildspec, and 130
when it was interrupted.`;

export interface RunOptions {
  /** Absolute. */
  readonly folder: string;
  readonly buildspec?: string;
  /** Those of --env and --secret. */
  readonly env: Readonly<Record<string, string>>;
  /** The names that --secret gives. */
  readonly secrets: readonly string[];
  /** Absolute, as are the others. */
  readonly artifacts?: string;
  readonly cache?: string;
  readonly exported?: string;
  readonly runner: 'sandbox' | 'container' | 'plain';
  readonly image?: string;
  readonly containerSocket?: string;
  readonly privileged: boolean;
  readonly network: NetworkMode;
  readonly timeoutMs: number;
  readonly diskBytes?: number;
}

const RUNNERS = ['sandbox', 'container', 'plain'] as const;

/** The options; undefined where the help is asked for. @throws UsageError */
export function runOptions(args: string[], surroundings: NodeJS.ProcessEnv): RunOptions | undefined {
  const { values, positionals } = parseArgs({
    args, allowPositionals: true, strict: true,
    options: {
      help: { type: 'boolean' }, buildspec: { type: 'string' }, env: { type: 'string', multiple: true }, secret: { type: 'string', multiple: true }, artifacts: { type: 'string' },
      cache: { type: 'string' }, exported: { type: 'string' }, runner: { type: 'string' }, image: { type: 'string' }, 'container-socket': { type: 'string' },
      privileged: { type: 'boolean' }, network: { type: 'string' }, timeout: { type: 'string' }, disk: { type: 'string' },
    },
  });
  if (values.help === true) return undefined;
  if (positionals.length > 1) throw new UsageError(`one folder at a time, not ${positionals.join(' ')}`);
  const wanted = values.runner ?? (values.image === undefined ? 'sandbox' : 'container');
  const runner = RUNNERS.find((kind) => kind === wanted);
  if (runner === undefined) throw new UsageError(`there is no runner '${wanted}'; accepted are ${RUNNERS.join(', ')}`);
  if (runner === 'container' && values.image === undefined) throw new UsageError('the runner container needs --image');
  for (const name of ['image', 'container-socket', 'privileged'] as const) {
    if (runner !== 'container' && values[name] !== undefined) throw new UsageError(`--${name} belongs to the runner container, not to ${runner}`);
  }
  const minutes = Number(values.timeout ?? '60');
  if (!(minutes > 0 && minutes <= 36 * 60)) throw new UsageError(`--timeout is '${values.timeout}'; accepted are minutes, up to ${36 * 60}`);
  const diskBytes = values.disk === undefined ? undefined : bytesOf(values.disk);
  if (Number.isNaN(diskBytes)) throw new UsageError(`--disk is '${values.disk}'; accepted is a size such as 500MB or 20GB`);
  const secrets = (values.secret ?? []).map((pair) => variable('--secret', pair, surroundings));
  const paths = Object.fromEntries((['artifacts', 'cache', 'exported'] as const).flatMap((name) => (values[name] === undefined ? [] : [[name, resolve(values[name])]])));
  return {
    folder: resolve(positionals[0] ?? '.'),
    env: Object.fromEntries([...(values.env ?? []).map((pair) => variable('--env', pair, surroundings)), ...secrets]),
    secrets: secrets.map(([name]) => name),
    runner,
    privileged: values.privileged === true,
    network: networkOf(values.network, runner),
    timeoutMs: minutes * 60_000,
    ...paths,
    ...(diskBytes === undefined ? {} : { diskBytes }),
    ...(values.buildspec === undefined ? {} : { buildspec: values.buildspec }),
    ...(values.image === undefined ? {} : { image: values.image }),
    ...(values['container-socket'] === undefined ? {} : { containerSocket: resolve(values['container-socket']) }),
  };
}

/** Into the network of another user's container, an engine's root mostly, nobody gets who is not root. */
function networkOf(wanted: string | undefined, runner: RunOptions['runner']): NetworkMode {
  if (wanted === undefined) return runner === 'sandbox' || (runner === 'container' && process.getuid?.() === 0) ? 'isolated' : 'host';
  const mode = NETWORK_MODES.find((one) => one === wanted);
  if (mode === undefined) throw new UsageError(`there is no network '${wanted}'; accepted are ${NETWORK_MODES.join(', ')}`);
  if (runner === 'plain' && mode !== 'host') throw new UsageError(`plain processes use this machine's own network; --network ${mode} needs a sandbox or a container`);
  return mode;
}

/** NaN for what is no size. */
function bytesOf(size: string): number {
  const [, number, unit = ''] = /^([1-9]\d{0,5})(MB|GB|TB)$/.exec(size) ?? [];
  return Number(number) * 1024 ** ['', 'KB', 'MB', 'GB', 'TB'].indexOf(unit);
}

function variable(option: string, pair: string, surroundings: NodeJS.ProcessEnv): [string, string] {
  const at = pair.indexOf('=');
  const name = at < 0 ? pair : pair.slice(0, at);
  if (!/^[^\s=]+$/.test(name)) throw new UsageError(`${option} is '${name}'; accepted are NAME=VALUE and NAME`);
  if (at >= 0) return [name, pair.slice(at + 1)];
  const value = surroundings[name];
  if (value === undefined) throw new UsageError(`${option} ${name}: there is no such variable here`);
  return [name, value];
}
