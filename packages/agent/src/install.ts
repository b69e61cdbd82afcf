import { appendFile, chmod, chown, copyFile, lstat, mkdir, readdir, readlink, rm, rmdir, stat, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppSpecError } from './appspec.ts';
import type { AppSpec, FileExistsBehavior, Permission } from './appspec.ts';
import { writeDurably } from './durable.ts';
import { readIfThere } from './layout.ts';
import { findGroupId, findUser } from './users.ts';

export interface InstallRequest {
  readonly appSpec: AppSpec;
  readonly archive: string;
  /** Lists what the previous revision installed; rewritten as this one installs. */
  readonly cleanupList: string;
  readonly behavior: FileExistsBehavior;
  /** The real place of an absolute path of the AppSpec. */
  readonly place: (path: string) => string;
}

type Step =
  | { readonly do: 'mkdir'; readonly path: string }
  | { readonly do: 'copy'; readonly source: string; readonly path: string }
  | { readonly do: 'permit'; readonly path: string; readonly permission: Permission };

/** Removes what the previous revision of the group installed, then copies the new one and sets its permissions. */
export async function install(request: InstallRequest): Promise<void> {
  await removePrevious(request.cleanupList);
  const steps = await planInstall(request);
  // Each path is listed before it is made: after a crash in between the next deployment still cleans up.
  await writeDurably(request.cleanupList, '');
  for (const step of steps) await perform(step, request.cleanupList);
}

async function perform(step: Step, cleanupList: string): Promise<void> {
  if (step.do === 'permit') {
    await permit(step.path, step.permission);
    return;
  }
  await appendFile(cleanupList, `${JSON.stringify(step.path)}\n`);
  if (step.do === 'mkdir') await mkdir(step.path);
  else await copy(step.source, step.path);
}

async function removePrevious(cleanupList: string): Promise<void> {
  const text = await readIfThere(cleanupList);
  if (text === undefined) return;
  // What follows the last newline is a line that a crash cut short.
  const paths = text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as string);
  for (const path of paths.toReversed()) await removeInstalled(path);
  await rm(cleanupList);
}

/** A folder into which something else has put files stays. */
async function removeInstalled(path: string): Promise<void> {
  const found = await lookAt(path);
  if (found === undefined) return;
  if (!found.isDirectory()) {
    await unlink(path);
    return;
  }
  try {
    await rmdir(path);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function planInstall(request: InstallRequest): Promise<readonly Step[]> {
  const plan = new Plan(request.behavior);
  for (const mapping of request.appSpec.files) {
    const source = join(request.archive, mapping.source);
    const found = await lookAt(source);
    if (found === undefined) throw new AppSpecError(`${mapping.at}: files: the bundle has no "${mapping.source}".`);
    const destination = request.place(mapping.destination);
    if (found.isDirectory()) {
      await plan.ancestors(destination);
      await plan.folder(source, destination);
    } else {
      const place = join(destination, basename(source));
      await plan.ancestors(place);
      await plan.file(source, place);
    }
  }
  for (const permission of request.appSpec.permissions) await plan.permission(permission, request.place(permission.object));
  return plan.steps;
}

/** The steps of one installation, refused as a whole before anything is touched. */
class Plan {
  readonly steps: Step[] = [];
  readonly #behavior: FileExistsBehavior;
  readonly #copies = new Map<string, string>();
  readonly #folders = new Set<string>();
  readonly #permitted = new Set<string>();

  constructor(behavior: FileExistsBehavior) {
    this.#behavior = behavior;
  }

  async ancestors(path: string): Promise<void> {
    const missing: string[] = [];
    for (let parent = dirname(path); parent !== dirname(parent) && (await follow(parent)) === undefined; parent = dirname(parent)) missing.unshift(parent);
    for (const folder of missing) this.#mkdir(folder);
  }

  async folder(source: string, destination: string): Promise<void> {
    if (!(await follow(destination))?.isDirectory()) this.#mkdir(destination);
    for (const entry of await readdir(source, { withFileTypes: true })) {
      if (entry.isDirectory()) await this.folder(join(source, entry.name), join(destination, entry.name));
      else await this.file(join(source, entry.name), join(destination, entry.name));
    }
  }

  async file(source: string, destination: string): Promise<void> {
    const path = resolve(destination);
    if ((await lookAt(path)) !== undefined) {
      if (this.#behavior === 'RETAIN') return;
      if (this.#behavior === 'DISALLOW') throw new Error(`The deployment failed because a specified file already exists at this location: ${path}`);
    }
    const other = this.#copies.get(path);
    if (other !== undefined) {
      throw new Error(`The deployment failed because the application specification file specifies two source files named ${source} and ${other} `
        + `for the same destination (${path}). Remove one of the source file paths from the AppSpec file, and then try again.`);
    }
    this.#copies.set(path, source);
    this.steps.push({ do: 'copy', source, path });
  }

  async permission(permission: Permission, object: string): Promise<void> {
    if (this.#copies.has(object)) {
      if (!permission.types.includes('file')) return;
      if (permission.pattern !== '**' || permission.except.length > 0) {
        throw new Error(`The deployment failed because the application specification file includes an object (${permission.object}) with a pattern or an `
          + 'exception, but that object is a file. Correct the permissions section of the AppSpec file, and then try again.');
      }
      this.#permit(object, permission);
    } else if (this.#folders.has(object) || (await follow(object))?.isDirectory()) {
      const within = object === '/' ? '/' : `${object}/`;
      const candidates = [...(permission.types.includes('file') ? this.#copies.keys() : []), ...(permission.types.includes('directory') ? this.#folders : [])];
      for (const path of candidates) {
        if (path.startsWith(within) && covers(permission, path.slice(within.length))) this.#permit(path, permission);
      }
    }
  }

  #mkdir(folder: string): void {
    const path = resolve(folder);
    if (this.#folders.has(path)) return;
    this.#folders.add(path);
    this.steps.push({ do: 'mkdir', path });
  }

  #permit(path: string, permission: Permission): void {
    if (this.#permitted.has(path)) {
      throw new Error(`The deployment failed because the permissions setting for (${path}) is specified more than once in the application specification `
        + 'file. Update the permissions section of the AppSpec file, and then try again.');
    }
    this.#permitted.add(path);
    this.steps.push({ do: 'permit', path, permission });
  }
}

/** Patterns other than `**` match names directly in the object, not deeper; `*` stands for any characters. */
export function covers(permission: Pick<Permission, 'pattern' | 'except'>, relative: string): boolean {
  if (permission.except.some((pattern) => matchesName(relative, pattern))) return false;
  return permission.pattern === '**' || matchesName(relative, permission.pattern);
}

function matchesName(name: string, pattern: string): boolean {
  if (name.includes('/')) return false;
  const parts = pattern.split(/\*+/);
  const first = parts[0] ?? '';
  if (parts.length === 1) return name === first;
  const last = parts.at(-1) ?? '';
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  // Each middle part taken at its first place: linear, whatever the pattern.
  let from = first.length;
  const end = name.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

async function copy(source: string, path: string): Promise<void> {
  const existing = await lookAt(path);
  if (existing?.isDirectory()) {
    throw new Error(`The deployment failed because the application specification file calls for installing the file ${source}, but a folder with that name `
      + `already exists at the location (${path}). Update your AppSpec file or directory structure, and then try again.`);
  }
  // Removed rather than written into: a running program keeps its old file, and a link is replaced, not followed.
  if (existing !== undefined) await unlink(path);
  const found = await lstat(source);
  if (found.isSymbolicLink()) {
    await symlink(await readlink(source), path);
    return;
  }
  await copyFile(source, path);
  await chmod(path, found.mode & 0o7777);
}

async function permit(path: string, permission: Permission): Promise<void> {
  if (permission.mode !== undefined) await chmod(path, permission.mode);
  if (permission.owner === undefined && permission.group === undefined) return;
  const uid = permission.owner === undefined ? undefined : await userId(permission.owner);
  const gid = permission.group === undefined ? undefined : await groupId(permission.group);
  const found = await stat(path);
  try {
    await chown(path, uid ?? found.uid, gid ?? found.gid);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') throw cause;
    throw new Error(`The deployment failed because this host's agent may not give ${path} to ${permission.owner ?? ''}:${permission.group ?? ''}: it does not run as root.`, { cause });
  }
}

async function userId(owner: string): Promise<number> {
  if (/^\d+$/.test(owner)) return Number(owner);
  const user = await findUser(owner);
  if (user === undefined) throw new Error(`The deployment failed because the owner ${owner} in the permissions section of the AppSpec file is not a user of this host.`);
  return user.uid;
}

async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const id = await findGroupId(group);
  if (id === undefined) throw new Error(`The deployment failed because the group ${group} in the permissions section of the AppSpec file is not a group of this host.`);
  return id;
}

const lookAt = (path: string) => unlessMissing(lstat(path));
const follow = (path: string) => unlessMissing(stat(path));

async function unlessMissing<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
