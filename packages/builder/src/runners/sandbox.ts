import { execFile, spawn } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { MARK, codebuildFolder, commandsFolder, stateFolder, systemFolder } from './layout.ts';
import type { Runner, SessionOptions, WorkspaceRequest } from './runner.ts';
import { removeTree, removeTreeSoon } from './remove.ts';
import { DRIVER, KEEPER, limitingFiles } from './scripts.ts';
import { descriptor } from './session.ts';
import { surround } from './surroundings.ts';
import { covers, kernelCovers, prepareCovers } from './covers.ts';
import type { Surroundings } from './surroundings.ts';
import { ProcessWorkspace, makeFolders } from './workspace.ts';

/** What a build may read of the machine. Everything else (home folders, data folders, /run, /var) does not exist for it. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/opt', '/nix/store'];

/** What a container engine leaves to root by default, less what concerns devices and audit; inside a user namespace it is harmless. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT'];

const COMMANDS = '/slipway/commands';
const STATE = '/slipway/state';

/**
 * Bubblewrap: own process, mount, IPC, host-name and user namespaces. The build is root to itself, has the real
 * `/codebuild/output` path, a read-only system, its own /tmp and /root, and sees no other build and no data of the
 * server. What it may reach and use lies around it: see `surroundings.ts`.
 */
export const sandboxRunner: Runner = {
  kind: 'sandbox',

  /** Where it has worked it is not tried again: a build that comes later hears what is wrong from bubblewrap itself. */
  async unavailable() {
    trial ??= tryOut();
    const why = await trial;
    if (why !== undefined) trial = undefined;
    return why;
  },

  async prepare(request) {
    const { folder } = request;
    await makeFolders(folder, { shared: true });
    await removeTree(systemFolder(folder));
    await mkdir(systemFolder(folder), { mode: 0o755 });
    await prepareCovers(folder);
    const surroundings = await surround(request);
    return new ProcessWorkspace(request, {
      output: '/codebuild/output',
      user: 'root',
      notices: surroundings.notices,
      environment: {
        ...surroundings.environment,
        PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', HOME: '/root', LANG: process.env['LANG'] ?? 'C.UTF-8',
        // One user id exists in here; tar, as root, would otherwise try to give files to others and fail.
        TAR_OPTIONS: '--no-same-owner',
      },
      control: {
        commands: { host: commandsFolder(folder), build: COMMANDS },
        state: { host: stateFolder(folder), build: STATE },
        user: 'root',
        home: '/root',
        ...(surroundings.otherUsers === undefined ? {} : { otherUsers: surroundings.otherUsers }),
      },
      contained: true,
      spawn: (options, stdio) => spawnSandbox(request, surroundings, options, stdio as unknown[]),
      processes: () => surroundings.processes(),
      measure: () => surroundings.measure(),
      memoryKills: () => surroundings.memoryKills(),
      async close() {
        await surroundings.close();
        await removeTreeSoon(systemFolder(folder));
      },
    });
  },
};

let trial: Promise<string | undefined> | undefined;

async function tryOut(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'The sandbox runner needs Linux';
  try {
    await promisify(execFile)('bwrap', [...isolation(), ...system(), '--', '/bin/sh', '-c', ':'], { timeout: 10_000, env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' } });
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'bubblewrap (bwrap) is not installed';
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    return `bubblewrap cannot make a sandbox here: ${said}`;
  }
}

function spawnSandbox(request: WorkspaceRequest, surroundings: Surroundings, options: SessionOptions, stdio: unknown[]): ReturnType<typeof spawn> {
  const { userNamespace } = surroundings;
  const args = [...isolation(userNamespace === undefined ? undefined : 6), '--bind', systemFolder(request.folder), '/', ...system(), ...covers(request.folder), ...hidden(request), ...build(request, options)];
  const descriptors = stdio.map((entry, fd) => (fd === 5 ? 'pipe' : fd === 6 && userNamespace !== undefined ? userNamespace : entry)) as ('pipe' | 'ignore' | number)[];
  // Arguments through a descriptor: the environment holds secrets, and argv is everybody's to read.
  const [program = '', ...argv] = [...surroundings.prefix, 'bwrap', '--args', '5', '--', '/bin/sh', '-c', limitingFiles(KEEPER, request.limits), 'sh', DRIVER, STATE];
  const child = spawn(program, argv, { stdio: descriptors, detached: true, env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' } });
  const pipe = descriptor<Writable>(child, 5);
  // A bwrap that did not start is reported by the child's own error.
  pipe.on('error', () => undefined);
  pipe.end(args.map((arg) => `${arg}\0`).join(''));
  return child;
}

/** `userNamespace`: the descriptor of one that is there already. */
function isolation(userNamespace?: number): string[] {
  return [
    ...(userNamespace === undefined ? ['--unshare-user'] : ['--userns', String(userNamespace)]),
    '--uid', '0', '--gid', '0', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try',
    '--hostname', 'build', '--die-with-parent', '--new-session',
    // Root of the namespace could otherwise remount the system writable.
    '--cap-drop', 'ALL', ...CAPABILITIES.flatMap((name) => ['--cap-add', `CAP_${name}`]),
  ];
}

/** /tmp and all else that is not the machine's are on the disk, where there is more room than in memory, and where it is counted. */
function system(): string[] {
  const args = ['--proc', '/proc', ...kernelCovers(), '--dev', '/dev', '--perms', '1777', '--dir', '/tmp', '--perms', '1777', '--dir', '/var/tmp', '--perms', '0755', '--dir', '/run', '--perms', '0755', '--dir', '/root', '--perms', '0755', '--dir', '/slipway'];
  for (const path of SYSTEM) {
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) args.push('--symlink', readlinkSync(path), path);
    else args.push('--ro-bind', path, path);
  }
  return [...args, ...names(), ...node()];
}

/** /etc/resolv.conf is often a link into /run. */
function names(): string[] {
  const file = '/etc/resolv.conf';
  if (!existsSync(file)) return [];
  const real = realpathSync(file);
  return real === file || visible(real) ? [] : ['--ro-bind', real, real];
}

/** Node may live in somebody's home folder (nvm, volta): show its installation, and nothing around it. */
function node(): string[] {
  const binary = realpathSync(process.execPath);
  if (visible(binary)) return [];
  const prefix = dirname(dirname(binary));
  const installation = basename(dirname(binary)) === 'bin' && existsSync(join(prefix, 'lib', 'node_modules'));
  const path = installation ? prefix : binary;
  return ['--ro-bind', path, path];
}

function visible(path: string): boolean {
  return SYSTEM.some((folder) => path.startsWith(`${folder}/`));
}

function hidden(request: WorkspaceRequest): string[] {
  return (request.hide ?? []).filter((path) => existsSync(path) && visible(realpathSync(path))).flatMap((path) => ['--tmpfs', realpathSync(path)]);
}

function build({ folder, mark }: WorkspaceRequest, options: SessionOptions): string[] {
  return [
    '--bind', codebuildFolder(folder), '/codebuild', '--ro-bind', commandsFolder(folder), COMMANDS, '--bind', stateFolder(folder), STATE,
    '--clearenv', ...Object.entries({ ...options.env, [MARK]: mark }).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir', options.cwd,
  ];
}
