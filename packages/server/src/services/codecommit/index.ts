import type { CodeCommitApi } from '@slipway/contracts';
import type { Jobs } from '../../engine/jobs.ts';
import type { Outbox } from '../../engine/outbox.ts';
import type { Watches } from '../../engine/watch.ts';
import type { Git, GitSources } from '../../git/index.ts';
import type { AccessKeys, Authorizer, ServicePasswords, SshKeys } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Log } from '../../kernel/log.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Peers } from '../../kernel/peers.ts';
import type { Seal } from '../../kernel/seal.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import type { Outbound } from '../../outbound/index.ts';
import { access } from './access.ts';
import { branches } from './branches.ts';
import { commits } from './content/commits.ts';
import { commitCreation } from './content/create-commit.ts';
import { differences } from './content/differences.ts';
import { gitDoor } from './git-door/door.ts';
import { fileHistory } from './content/file-history.ts';
import { files } from './content/files.ts';
import type { Regions } from './git-door/credentials.ts';
import { mergeConflicts } from './merges/conflict-operations.ts';
import { merges } from './merges/operations.ts';
import { migrations } from './migrations/index.ts';
import { mirrorFollower, mirroring } from './mirroring/index.ts';
import { notYet } from './not-yet.ts';
import { refChanges } from './refs/ref-changes.ts';
import { repositories } from './repositories.ts';
import { reviewAccess } from './review-access.ts';
import { reviewFollowers, reviews } from './reviews.ts';
import { gitSources } from './sources.ts';
import { sshServer } from './ssh/server.ts';
import type { SshSettings } from './ssh/server.ts';
import { tagging } from './tags.ts';

export interface CodeCommitDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly watches: Pick<Watches, 'notify'>;
  readonly git: Git;
  readonly paging: Paging;
  readonly peers: Peers;
  readonly log: Log;
  readonly accessKeys: AccessKeys;
  readonly servicePasswords: ServicePasswords;
  readonly authorizer: Authorizer;
  readonly regions: Regions;
  /** Mirroring to and from elsewhere, where both are given. */
  readonly outbound?: Pick<Outbound, 'resolve'>;
  readonly seal?: Seal;
  /** Git over SSH, where it is asked for. */
  readonly ssh?: SshSettings & { readonly keys: SshKeys };
}

/** CodeCommit: repositories over git, by AWS's API and by git itself. `sources` is the port for builds and pipelines. */
export function createCodeCommit(deps: CodeCommitDeps): Room & { readonly sources: GitSources } {
  const changes = refChanges({ ...deps, followers: [...reviewFollowers(deps), mirrorFollower(deps)] });
  const content = { ...deps, changes };
  const ssh = deps.ssh && sshServer({ ...deps, changes, sshKeys: deps.ssh.keys }, deps.ssh);
  const { outbound, seal } = deps;
  return {
    ...outbound && seal && { companions: [mirroring({ ...deps, changes, outbound, seal })] },
    service: service<CodeCommitApi>()({
      name: 'codecommit',
      operations: { ...repositories({ ...deps, sshPort: () => ssh?.port }), ...branches(content), ...commits(content), ...files(content), ...commitCreation(content), ...differences(content), ...fileHistory(content), ...merges(content), ...mergeConflicts(content), ...tagging(deps), ...reviews(content) },
      access: { ...access, ...reviewAccess(deps.db) },
      notYet,
    }),
    migrations,
    ...ssh && { start: () => ssh.listen(), stop: () => ssh.close() },
    doors: [gitDoor({ ...deps, changes })],
    sources: gitSources(deps),
  };
}
