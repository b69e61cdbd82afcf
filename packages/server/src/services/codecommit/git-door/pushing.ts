import { isBranchName, isReferenceName, MalformedPush, NO_OBJECT } from '../../../git/index.ts';
import type { PushHead } from '../../../git/index.ts';
import type { AccessCircumstances, Authorizer } from '../../../kernel/access.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { gitAccess } from '../access.ts';
import type { Regions } from './credentials.ts';
import { limits } from '../limits.ts';
import { RepositoryGone } from '../refs/ref-changes.ts';
import { regionsOf } from '../store.ts';
import type { RepositoryRow } from '../store.ts';

export interface Pusher {
  readonly caller: Caller;
  readonly repository: RepositoryRow;
  readonly circumstances: Omit<AccessCircumstances, 'region'>;
}

/**
 * Decides on a push from its command lines, ahead of the pack, however it came: every reference must be allowed, or none
 * is changed. @throws MalformedPush, ServiceError (AccessDeniedException)
 */
export async function mayPush(authorizer: Authorizer, { caller, repository, circumstances }: Pusher, { commands }: PushHead): Promise<void> {
  if (commands.length > limits.referencesPerPush) throw new MalformedPush(`a push may change at most ${limits.referencesPerPush} references`);
  const strange = commands.find(({ ref, new: next }) => !mayBePushed(ref, next));
  if (strange) throw new MalformedPush(`the push names a reference that is not allowed: names have at most ${limits.branchNameLength} characters, and a branch's is not an object's id`);
  const deleted = commands.find(({ ref, new: next }) => ref === `refs/heads/${repository.default_branch}` && next === NO_OBJECT);
  if (deleted) throw new MalformedPush(`the default branch cannot be deleted: ${repository.default_branch}`);
  if (commands.length === 0) return;
  const requests = commands.map(({ ref }) => gitAccess('GitPush', repository, repository.name, ref));
  await authorizer.authorize(caller, requests, { ...circumstances, region: repository.region });
}

/** Whether git and CodeCommit allow the name; what has one already may be deleted. */
function mayBePushed(ref: string, next: string): boolean {
  if (!isReferenceName(ref)) return false;
  if (next === NO_OBJECT) return true;
  const [, , ...rest] = ref.split('/');
  const name = rest.join('/');
  return name.length <= limits.branchNameLength && (!ref.startsWith('refs/heads/') || isBranchName(name));
}

/** What a pusher is told of a refusal; undefined for errors that are ours. */
export function pushRefusal(error: unknown): { status: number; text: string } | undefined {
  if (error instanceof ServiceError && error.name === 'AccessDeniedException') return { status: 403, text: error.message };
  if (error instanceof MalformedPush) return { status: 400, text: error.message };
  if (error instanceof RepositoryGone) return { status: 404, text: error.message };
  return undefined;
}

/** Git credentials, SSH keys and our address name no region: the default one, unless only another has a repository of the name. */
export async function regionOf({ db, regions }: { db: Database; regions: Regions }, account: string, name: string): Promise<string> {
  const found = await regionsOf(db, account, name);
  return found.length === 1 ? found[0]! : regions.default;
}
