import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from './durable.ts';

/** Revisions kept on disk per deployment group, the running one included. AWS's agent keeps as many. */
export const REVISIONS_KEPT = 5;

/** Where things lie under the agent's root folder: the layout of AWS's agent, which scripts and people rely on. */
export interface Layout {
  /** `<root>/<group id>/<deployment id>` */
  deployment(groupId: string, deploymentId: string): string;
  readonly instructions: string;
  readonly ongoing: string;
  /** One line per hook output line of every deployment. */
  readonly deploymentsLog: string;
  cleanupList(groupId: string): string;
  /** The folder of the last deployment whose Install succeeded, or undefined before the first. */
  lastSuccessful(groupId: string): Promise<string | undefined>;
  setLastSuccessful(groupId: string, folder: string): Promise<void>;
  setMostRecent(groupId: string, folder: string): Promise<void>;
}

export const archiveOf = (deploymentFolder: string): string => join(deploymentFolder, 'deployment-archive');
export const bundleOf = (deploymentFolder: string): string => join(deploymentFolder, 'bundle.tar');
export const scriptsLogOf = (deploymentFolder: string): string => join(deploymentFolder, 'logs', 'scripts.log');

export function layoutOf(rootDir: string): Layout {
  const instructions = join(rootDir, 'deployment-instructions');
  const lastSuccessfulFile = (groupId: string): string => join(instructions, `${groupId}_last_successful_install`);
  return {
    instructions,
    ongoing: join(rootDir, 'ongoing-deployment'),
    deploymentsLog: join(rootDir, 'deployment-logs', 'codedeploy-agent-deployments.log'),
    deployment: (groupId, deploymentId) => join(rootDir, groupId, deploymentId),
    cleanupList: (groupId) => join(instructions, `${groupId}-cleanup`),
    async lastSuccessful(groupId) {
      const folder = await readIfThere(lastSuccessfulFile(groupId));
      return folder === undefined ? undefined : folder.trim();
    },
    setLastSuccessful: (groupId, folder) => writeDurably(lastSuccessfulFile(groupId), folder),
    setMostRecent: (groupId, folder) => writeDurably(join(instructions, `${groupId}_most_recent_install`), folder),
  };
}

/** Removes the oldest revisions of the group, never the last successful one nor the one being deployed. */
export async function removeOldRevisions(layout: Layout, groupFolder: string, groupId: string, current: string): Promise<void> {
  const others = (await readdir(groupFolder)).map((name) => join(groupFolder, name)).filter((folder) => folder !== current);
  const surplus = others.length - REVISIONS_KEPT + 1;
  if (surplus <= 0) return;
  const kept = await layout.lastSuccessful(groupId);
  const dated = await Promise.all(others.filter((folder) => folder !== kept).map(async (folder) => ({ folder, at: (await stat(folder)).mtimeMs })));
  const oldest = dated.toSorted((a, b) => a.at - b.at).slice(0, surplus);
  for (const { folder } of oldest) await rm(folder, { recursive: true, force: true });
}

/** The file's text, or undefined when there is no such file. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
