import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { MARK, commandsFolder, homeFolder, outputFolder, stateFolder } from './layout.ts';
import { createCgroup } from './limits/cgroup.ts';
import type { Runner, WorkspaceRequest } from './runner.ts';
import { DRIVER, KEEPER, limitingFiles } from './scripts.ts';
import { ProcessWorkspace, makeFolders } from './workspace.ts';

/**
 * Ordinary processes of the user that runs Slipway, in a session of their own, with a home folder of their own.
 * No isolation: a build sees the machine as that user does. Kept for machines without anything better.
 */
export const plainRunner: Runner = {
  kind: 'plain',

  async unavailable() {
    return process.platform === 'linux' ? undefined : 'The plain runner needs Linux (it finds processes in /proc)';
  },

  async prepare(request) {
    const { folder, mark } = request;
    await makeFolders(folder);
    await mkdir(homeFolder(folder), { recursive: true, mode: 0o700 });
    const commands = commandsFolder(folder);
    const state = stateFolder(folder);
    const user = userInfo().username;
    const home = homeFolder(folder);
    // Without limits: by its groups a process is found that has left its parents and cleared its environment.
    const groups = await createCgroup(mark, {});
    const [program = '', ...prefix] = [...(groups?.enter ?? []), '/bin/sh'];
    return new ProcessWorkspace(request, {
      output: outputFolder(folder),
      user,
      notices: notLimited(request),
      environment: { PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', HOME: home, LANG: process.env['LANG'] ?? 'C.UTF-8' },
      control: {
        commands: { host: commands, build: commands }, state: { host: state, build: state }, user, home,
        otherUsers: `the plain runner runs commands as ${user}`,
      },
      contained: false,
      spawn: (options, stdio) => spawn(program, [...prefix, '-c', limitingFiles(KEEPER, request.limits), 'sh', DRIVER, state], {
        cwd: options.cwd, env: { ...options.env, [MARK]: mark }, stdio, detached: true,
      }),
      close: async () => groups?.remove(),
    });
  },
};

function notLimited({ limits, network }: WorkspaceRequest): string[] {
  return [
    ...([limits?.memoryBytes, limits?.cpus, limits?.processes].every((limit) => limit === undefined) ? [] : ['Plain processes have no limits of memory, processors and processes']),
    ...(network === undefined || network.mode === 'host' ? [] : [`Plain processes use this machine's own network: the setting ${network.mode} has no effect`]),
  ];
}
