import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runGit } from './process.ts';

/** Bare repositories by id: `<folder>/<id>.git`. A folder comes into being when it is first used. */
export interface RepositoryFolders {
  /** Where the repository is or would be. */
  locate(id: string): string;
  /** The repository's path; makes an empty repository where there is none. */
  path(id: string): Promise<string>;
  /** Removes what there is. */
  remove(id: string): Promise<void>;
}

/**
 * What git reads before any `.gitattributes` of a tree. An archive holds the files' bytes as they were committed: no
 * pusher can leave files out, expand keywords or convert text on the server.
 */
const ATTRIBUTES = '* -export-ignore -export-subst -text -ident !filter !working-tree-encoding !diff !merge\n';

export function repositoryFolders(folder: string): RepositoryFolders {
  const ready = new Map<string, Promise<string>>();

  const locate = (id: string): string => {
    // Ids are ours, made of letters, digits and dashes; anything else is a defect that must not become a path.
    if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw new Error('not a repository id');
    return join(folder, `${id}.git`);
  };

  return {
    locate,

    path(id) {
      let path = ready.get(id);
      if (!path) {
        path = ensure(folder, locate(id));
        ready.set(id, path);
        path.catch(() => ready.delete(id));
      }
      return path;
    },

    async remove(id) {
      ready.delete(id);
      const path = locate(id);
      const aside = `${path}.${randomBytes(6).toString('hex')}.removed`;
      try {
        await rename(path, aside);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw error;
      }
      await rm(aside, { recursive: true, force: true });
    },
  };
}

async function ensure(folder: string, path: string): Promise<string> {
  if (await exists(path)) return path;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Made aside and renamed, so that no half-made repository is ever found.
  const making = `${path}.${randomBytes(6).toString('hex')}.making`;
  await runGit(['init', '--quiet', '--bare', '--template=', '--object-format=sha1', '--initial-branch=main', '--', making]);
  await mkdir(join(making, 'info'), { recursive: true });
  await writeFile(join(making, 'info', 'attributes'), ATTRIBUTES);
  try {
    await rename(making, path);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    if (!await exists(path)) throw error;
  }
  return path;
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Makes `HEAD` name the branch that a clone checks out and that git refuses to delete. The default branch is a fact of
 * the database; `HEAD` follows it before each request that shows it.
 */
export async function pointHeadAt(path: string, branch: string): Promise<void> {
  const wanted = `ref: refs/heads/${branch}\n`;
  const head = join(path, 'HEAD');
  if (await readFile(head, 'utf8') === wanted) return;
  const aside = `${head}.${randomBytes(6).toString('hex')}`;
  await writeFile(aside, wanted);
  await rename(aside, head);
}
