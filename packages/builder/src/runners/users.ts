import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Whether Slipway itself runs as root. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/** Inside, users 1 to 65535 are these of the machine, which nobody else is: no daemon of the machine shares one with a build. */
const FIRST_OUTER_ID = 1_879_048_192;

/**
 * A user namespace, made ahead of bubblewrap: with root alone in it, or with all users. It allows no further one inside,
 * in which the build would be given the capabilities that bubblewrap takes from it, to mount its control groups with.
 */
export async function makeUserNamespace(otherUsers: boolean): Promise<number> {
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
  const child = spawn('unshare', ['--user', '--', '/bin/sh', '-c', 'echo ready; read -r x'], { stdio: ['pipe', 'pipe', 'ignore'], env });
  try {
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('A user namespace for the sandbox could not be made')))]);
    for (const map of ['uid_map', 'gid_map']) await writeFile(`/proc/${child.pid}/${map}`, otherUsers ? `0 0 1\n1 ${FIRST_OUTER_ID} 65535\n` : '0 0 1\n');
    await promisify(execFile)('nsenter', [`--user=/proc/${child.pid}/ns/user`, '--', '/bin/sh', '-c', 'echo 0 >/proc/sys/user/max_user_namespaces'], { env });
    return openSync(`/proc/${child.pid}/ns/user`, 'r');
  } finally {
    child.kill('SIGKILL');
  }
}
