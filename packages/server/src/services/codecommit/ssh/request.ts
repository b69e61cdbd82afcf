import type { GitService } from '../../../git/index.ts';
import { isRepositoryName } from '../checks.ts';

/** The one kind of command that is served. */
export interface SshRequest {
  readonly service: GitService;
  /** Undefined where the name could be nobody's. */
  readonly repositoryName: string | undefined;
}

const COMMAND = /^git[- ](upload-pack|receive-pack) (?:'\/?v1\/repos\/([^'/]+)\/?'|\/?v1\/repos\/([^'/\s]+)\/?)$/;

/** Reads `git-upload-pack '/v1/repos/name'`; undefined for every other command. Nothing of it is ever given to a shell. */
export function sshRequest(command: string): SshRequest | undefined {
  const match = COMMAND.exec(command);
  if (!match) return undefined;
  const name = (match[2] ?? match[3] ?? '').replace(/\.git$/, '');
  return { service: `git-${match[1]}` as GitService, repositoryName: isRepositoryName(name) ? name : undefined };
}
