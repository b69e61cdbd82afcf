import { readFile } from 'node:fs/promises';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** The host's own account of that name, from /etc/passwd: no directory service is asked. */
export async function findUser(name: string): Promise<User | undefined> {
  for (const [login, , uid, gid, , home, shell] of await recordsOf('/etc/passwd')) {
    if (login === name && uid !== undefined && gid !== undefined) {
      return { name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' };
    }
  }
  return undefined;
}

export async function findGroupId(name: string): Promise<number | undefined> {
  for (const [group, , gid] of await recordsOf('/etc/group')) {
    if (group === name && gid !== undefined) return Number(gid);
  }
  return undefined;
}

async function recordsOf(file: string): Promise<readonly (readonly string[])[]> {
  return (await readFile(file, 'utf8')).split('\n').map((line) => line.split(':'));
}

export const ownUid = (): number => process.getuid?.() ?? -1;
