import { copyFile, chmod, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CollectedArtifact } from '@slipway/builder';

/** Copies an artifact's files to where the user wants them, with their modes and, if they were to be kept, links. */
export async function copyArtifact({ manifest, identifier }: CollectedArtifact, to: string): Promise<void> {
  const folder = identifier === null ? to : join(to, identifier);
  const links = manifest?.links ?? [];
  const linked = (path: string): boolean => links.some((link) => path === link.path || path.startsWith(`${link.path}/`));
  for (const { path, file, mode } of manifest?.entries ?? []) {
    if (linked(path)) continue;
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    // In place of what an earlier run left, a read-only file and a link included.
    await rm(target, { force: true, recursive: true });
    await copyFile(file, target);
    await chmod(target, mode);
  }
  for (const { path, target } of links) {
    const link = join(folder, path);
    await mkdir(dirname(link), { recursive: true });
    await rm(link, { force: true, recursive: true });
    await symlink(target, link);
  }
}
