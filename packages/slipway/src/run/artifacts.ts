import { copyFile, chmod, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CollectedArtifact } from '@slipway/builder';

/** What the log says of an artifact that was copied. */
export function artifactLine({ manifest, identifier, name, s3Prefix }: CollectedArtifact, to: string): string {
  const count = new Set([...(manifest?.entries ?? []), ...(manifest?.links ?? [])].map(({ path }) => path)).size;
  const called = [...(name === undefined ? [] : [`name ${JSON.stringify(name)}`]), ...(s3Prefix === undefined ? [] : [`s3-prefix ${JSON.stringify(s3Prefix)}`])].join(', ');
  return `Artifact ${identifier ?? 'primary'}${called === '' ? '' : ` (${called})`}: ${count} file${count === 1 ? '' : 's'} in ${identifier === null ? to : join(to, identifier)}`;
}

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
