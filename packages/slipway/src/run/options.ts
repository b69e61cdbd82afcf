import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../usage.ts';

export const HELP = `Usage: slipway run [options] [DIR]

Runs the build of a folder (by default, of this one) on this machine, as a build of CodeBuild would: the same runners,
the same lines of log on standard output. The build gets a copy of the folder; no server is needed.

  --buildspec FILE           another file than DIR/buildspec.yml; a path is looked for in DIR, then from here
  --env NAME=VALUE           a variable of the build, as StartBuild would give it; NAME alone takes the value from here
  --artifacts DIR            puts the artifacts' files here: the primary ones, and secondary ones in DIR/IDENTIFIER
  --runner KIND              sandbox (the default), container or plain; plain processes are not isolated from you
  --image IMAGE              the image of the container
  --timeout MINUTES          ends the build after so long (60)

AWS_REGION, AWS_ENDPOINT_URL and the AWS_* credentials are handed to the build. parameter-store and secrets-manager are
asked for at AWS_ENDPOINT_URL with these credentials.

Ends with 0 for a build that succeeded, 1 for one that failed, 2 for a mistake in the call or in the buildspec, and 130
when it was interrupted.`;

export interface RunOptions {
  /** Absolute. */
  readonly folder: string;
  readonly buildspec?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly artifacts?: string;
  readonly runner: 'sandbox' | 'container' | 'plain';
  readonly image?: string;
  readonly timeoutMs: number;
}

const RUNNERS = ['sandbox', 'container', 'plain'] as const;

/** The options; undefined where the help is asked for. @throws UsageError */
export function runOptions(args: string[], surroundings: NodeJS.ProcessEnv): RunOptions | undefined {
  const { values, positionals } = parseArgs({
    args, allowPositionals: true, strict: true,
    options: {
      help: { type: 'boolean' }, buildspec: { type: 'string' }, env: { type: 'string', multiple: true }, artifacts: { type: 'string' },
      runner: { type: 'string' }, image: { type: 'string' }, timeout: { type: 'string' },
    },
  });
  if (values.help === true) return undefined;
  if (positionals.length > 1) throw new UsageError(`one folder at a time, not ${positionals.join(' ')}`);
  const wanted = values.runner ?? (values.image === undefined ? 'sandbox' : 'container');
  const runner = RUNNERS.find((kind) => kind === wanted);
  if (runner === undefined) throw new UsageError(`there is no runner '${wanted}'; accepted are ${RUNNERS.join(', ')}`);
  if (runner === 'container' && values.image === undefined) throw new UsageError('the runner container needs --image');
  if (runner !== 'container' && values.image !== undefined) throw new UsageError(`--image belongs to the runner container, not to ${runner}`);
  const minutes = Number(values.timeout ?? '60');
  if (!(minutes > 0 && minutes <= 36 * 60)) throw new UsageError(`--timeout is '${values.timeout}'; accepted are minutes, up to ${36 * 60}`);
  return {
    folder: resolve(positionals[0] ?? '.'),
    env: Object.fromEntries((values.env ?? []).map((pair) => variable(pair, surroundings))),
    runner,
    timeoutMs: minutes * 60_000,
    ...(values.buildspec === undefined ? {} : { buildspec: values.buildspec }),
    ...(values.artifacts === undefined ? {} : { artifacts: resolve(values.artifacts) }),
    ...(values.image === undefined ? {} : { image: values.image }),
  };
}

function variable(pair: string, surroundings: NodeJS.ProcessEnv): [string, string] {
  const at = pair.indexOf('=');
  const name = at < 0 ? pair : pair.slice(0, at);
  if (!/^[^\s=]+$/.test(name)) throw new UsageError(`--env is '${name}'; accepted are NAME=VALUE and NAME`);
  if (at >= 0) return [name, pair.slice(at + 1)];
  const value = surroundings[name];
  if (value === undefined) throw new UsageError(`--env ${name}: there is no such variable here`);
  return [name, value];
}
