import { GitFailed, isBranchName, isReferenceName, MIRRORED, NO_OBJECT, ReferenceMoved } from '../../../git/index.ts';
import type { Git, RefCommand, Remote, Repository } from '../../../git/index.ts';
import type { Seal } from '../../../kernel/seal.ts';
import { OutboundRefused } from '../../../outbound/index.ts';
import type { Outbound } from '../../../outbound/index.ts';
import type { RefChanges } from '../refs/ref-changes.ts';
import type { RepositoryRow } from '../store.ts';
import type { Secrets } from './input.ts';
import type { MirrorRow } from './store.ts';

export interface SyncDeps {
  readonly git: Git;
  readonly changes: RefChanges;
  readonly outbound: Pick<Outbound, 'resolve'>;
  readonly seal: Seal;
}

export interface SyncResult {
  readonly status: 'IN_STEP' | 'DIVERGED' | 'FAILED';
  readonly message: string | null;
  readonly diverged: readonly string[];
}

/** How many references move at once; one that cannot sends its group through one by one. */
const GROUP = 100;
/** The longest that a sync may take. ms */
const LONGEST = 60 * 60_000;

export const secretsPlace = (repositoryId: string): string => `codecommit_mirrors/secrets/${repositoryId}`;

/** Brings the target in step. What goes wrong outside is a result, not a throw: the next interval tries again. */
export async function sync(deps: SyncDeps, mirror: MirrorRow, repository: RepositoryRow, ending: AbortSignal): Promise<SyncResult> {
  const signal = AbortSignal.any([ending, AbortSignal.timeout(LONGEST)]);
  try {
    const remote = await remoteOf(deps, mirror);
    const handle = deps.git.repository(repository.repository_id);
    const diverged = mirror.direction === 'PULL' ? await pull(deps, mirror, { repository, handle, remote, signal }) : (await handle.pushRemote(remote, { force: mirror.force === 1, signal })).refused;
    if (diverged.length === 0) return { status: 'IN_STEP', message: null, diverged };
    return { status: 'DIVERGED', message: `${diverged.length} references have commits of their own on the ${mirror.direction === 'PULL' ? 'repository' : 'remote'}: they were left as they are.`, diverged };
  } catch (error) {
    if (ending.aborted) throw error;
    const known = error instanceof GitFailed || error instanceof OutboundRefused || isUnreachable(error) || signal.aborted;
    if (!known) throw error;
    return { status: 'FAILED', message: (error instanceof GitFailed ? error.detail : (error as Error).message).slice(0, 1_000), diverged: [] };
  }
}

const isUnreachable = (error: unknown): boolean => error instanceof Error && (error.name === 'OutboundFailed' || 'code' in error && ['ENOTFOUND', 'EAI_AGAIN'].includes(String(error.code)));

async function remoteOf({ outbound, seal }: SyncDeps, mirror: MirrorRow): Promise<Remote> {
  const url = new URL(mirror.url);
  // Judged anew each time: a name may mean another address today.
  const addresses = await outbound.resolve(url.hostname);
  const { userName, password, privateKey }: Secrets = mirror.secrets === null ? {} : JSON.parse(seal.open(mirror.secrets, secretsPlace(mirror.repository_id))) as Secrets;
  return {
    url,
    addresses,
    password: userName !== undefined && password !== undefined ? { userName, password } : undefined,
    ssh: privateKey !== undefined && mirror.host_key !== null ? { privateKey, hostKey: mirror.host_key } : undefined,
  };
}

interface Pull {
  readonly repository: RepositoryRow;
  readonly handle: Repository;
  readonly remote: Remote;
  readonly signal: AbortSignal;
}

/** Fetches, and moves our references to where the remote's are. Answers those that have commits of their own. */
async function pull({ changes }: SyncDeps, mirror: MirrorRow, { repository, handle, remote, signal }: Pull): Promise<string[]> {
  const { read } = handle;
  const before = await read.references(MIRRORED);
  await handle.fetchRemote(remote, signal);
  const theirs = await read.references(MIRRORED);
  const ours = new Map([...await read.references('refs/heads/'), ...await read.references('refs/tags/')]);
  const wanted: RefCommand[] = [];
  const diverged: string[] = [];
  for (const [mirrored, next] of theirs) {
    const ref = `refs/${mirrored.slice(MIRRORED.length)}`;
    const old = ours.get(ref) ?? NO_OBJECT;
    if (old === next) continue;
    const mayMove = old === NO_OBJECT || mirror.force === 1 || (ref.startsWith('refs/heads/') ? await read.isAncestor(old, next) : before.get(mirrored) === old);
    if (mayMove && isAllowed(ref)) wanted.push({ ref, old, new: next });
    else diverged.push(ref);
  }
  for (const [mirrored, last] of before) {
    const ref = `refs/${mirrored.slice(MIRRORED.length)}`;
    const old = ours.get(ref);
    if (theirs.has(mirrored) || old === undefined) continue;
    if ((old === last || mirror.force === 1) && ref !== `refs/heads/${repository.default_branch}`) wanted.push({ ref, old, new: NO_OBJECT });
    else diverged.push(ref);
  }
  if (repository.default_branch === null) {
    // The first branch becomes the default.
    const head = await handle.remoteHead(remote, signal);
    const first = wanted.findIndex(({ ref }) => ref === head);
    if (first >= 0) diverged.push(...await move(handle, wanted.splice(first, 1), changes.guard(repository, mirror.caller_arn)));
  }
  for (let at = 0; at < wanted.length; at += GROUP) diverged.push(...await move(handle, wanted.slice(at, at + GROUP), changes.guard(repository, mirror.caller_arn)));
  return diverged;
}

/** Names that CodeCommit would not take in a push are left at the remote. */
const isAllowed = (ref: string): boolean => (ref.startsWith('refs/heads/') ? isBranchName(ref.slice('refs/heads/'.length)) : isReferenceName(ref));

/** Moves the references; answers those that somebody moved meanwhile, or whose name cannot stand beside another's. */
async function move(handle: Repository, commands: readonly RefCommand[], guard: ReturnType<RefChanges['guard']>): Promise<string[]> {
  try {
    await handle.move(commands, guard);
    return [];
  } catch (error) {
    if (!(error instanceof ReferenceMoved)) throw error;
    if (commands.length === 1) return commands.map(({ ref }) => ref);
    const left: string[] = [];
    for (const command of commands) left.push(...await move(handle, [command], guard));
    return left;
  }
}
