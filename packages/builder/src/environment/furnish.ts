import { rm } from 'node:fs/promises';
import type { BuildSpec } from '../build-spec.ts';
import { isInPlace } from '../runners/in-place.ts';
import { SessionLost } from '../runners/runner.ts';
import type { Session, Workspace } from '../runners/runner.ts';
import { openGitHelper } from './git.ts';
import { selectRuntimes, writeFinder } from './runtimes.ts';
import { makeTools } from './tools.ts';

/** What a build finds in its environment beside the variables that it was given. */
export interface Furniture {
  readonly environment: Readonly<Record<string, string>>;
  /** Before the first phase. */
  arrange(session: Session): Promise<void>;
  /** When no process of the build lives any more. */
  remove(): Promise<void>;
}

const NONE: Furniture = { environment: {}, arrange: async () => undefined, remove: async () => undefined };

/** `git-credential-helper` and `runtime-versions`. @throws CannotOpen, as does `arrange` */
export async function furnish(spec: BuildSpec, workspace: Workspace, log: (line: string) => void): Promise<Furniture> {
  const { gitCredentialHelper, runtimeVersions } = spec.buildspec;
  const wantsRuntimes = Object.keys(runtimeVersions).length > 0;
  // The dummy has neither programs nor versions of them.
  if (spec.runner === 'dummy' || (!gitCredentialHelper && !wantsRuntimes)) return NONE;
  const tools = await makeTools(spec.folder, workspace);
  if (wantsRuntimes) await writeFinder(tools);
  const git = gitCredentialHelper ? await openGitHelper(tools, { ...spec.buildspec.variables, ...spec.env }, log, spec.network?.credentials) : undefined;
  return {
    environment: git?.environment ?? {},
    async arrange(session) {
      try {
        if (wantsRuntimes) await selectRuntimes(session, runtimeVersions, tools, log);
      } catch (error) {
        // Stopped or killed meanwhile: the first phase says so.
        if (!(error instanceof SessionLost)) throw error;
      }
    },
    async remove() {
      git?.close();
      if (await isInPlace(spec.folder, tools.host)) await rm(tools.host, { recursive: true, force: true });
    },
  };
}
