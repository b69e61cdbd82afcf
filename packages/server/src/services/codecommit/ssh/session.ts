import type { ServerChannel } from 'ssh2';
import { canReport, refusalReport } from '../../../git/index.ts';
import type { Git, PushHead } from '../../../git/index.ts';
import type { Authorizer } from '../../../kernel/access.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import { gitAccess } from '../access.ts';
import type { Regions } from '../git-door/credentials.ts';
import { hurried, SlowSender } from '../git-door/requests.ts';
import { limits } from '../limits.ts';
import { mayPush, pushRefusal, regionOf } from '../git-door/pushing.ts';
import type { RefChanges } from '../refs/ref-changes.ts';
import { findRepository } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { sshRequest } from './request.ts';

export interface SshSessionDeps {
  readonly db: Database;
  readonly git: Git;
  readonly authorizer: Authorizer;
  readonly changes: RefChanges;
  readonly regions: Regions;
}

/** One command of an authenticated client. */
export interface SshSession {
  readonly caller: Caller;
  readonly sourceIp: string | undefined;
  readonly command: string;
  /** The client's `GIT_PROTOCOL`. */
  readonly protocol: string | undefined;
  readonly channel: ServerChannel;
  readonly signal: AbortSignal;
}

/** A refusal in words for the client. */
class Refused extends Error {
  override readonly name = 'Refused';
}

/** Serves the command; answers its exit status. Throws only for faults of ours. */
export async function serveSession(deps: SshSessionDeps, session: SshSession): Promise<number> {
  const { channel } = session;
  try {
    const { service, repository } = await admit(deps, session);
    const handle = deps.git.repository(repository.repository_id);
    if (repository.default_branch !== null) await handle.setHead(repository.default_branch);
    if (service === 'git-receive-pack') return await push(deps, session, repository);
    await handle.converse({ body: whole(channel), output: channel, ...protocolOf(session), signal: session.signal });
    return 0;
  } catch (error) {
    if (session.signal.aborted) return 1;
    const text = error instanceof Refused || error instanceof SlowSender ? error.message : pushRefusal(error)?.text;
    if (text === undefined) throw error;
    channel.stderr.write(`${text}\n`);
    return 1;
  }
}

async function admit(deps: SshSessionDeps, { caller, command, sourceIp }: SshSession) {
  const asked = sshRequest(command);
  if (!asked) throw new Refused('Only git is served here: git-upload-pack and git-receive-pack of /v1/repos/<name>.');
  const name = asked.repositoryName;
  if (name === undefined) throw new Refused('There is no repository of that name.');
  const region = await regionOf(deps, caller.account, name);
  const action = asked.service === 'git-receive-pack' ? 'GitPush' : 'GitPull';
  await deps.authorizer.authorize(caller, [gitAccess(action, { account: caller.account, region }, name)], { ...circumstances(sourceIp), region });
  const repository = await findRepository(deps.db, { account: caller.account, region }, name);
  if (!repository) throw new Refused(`Repository ${name} does not exist in ${region}.`);
  return { service: asked.service, repository };
}

async function push(deps: SshSessionDeps, session: SshSession, repository: RepositoryRow): Promise<number> {
  const { channel, caller, signal, sourceIp } = session;
  const handle = deps.git.repository(repository.repository_id);
  await handle.advertise('git-receive-pack', { output: channel, ...protocolOf(session), signal });
  let head: PushHead | undefined;
  let started = false;
  try {
    await handle.receivePack({
      body: bodyOf(channel),
      output: channel,
      ...protocolOf(session),
      signal,
      open: true,
      guard: deps.changes.guard(repository, caller.arn),
      async accept(read) {
        head = read;
        await mayPush(deps.authorizer, { caller, repository, circumstances: circumstances(sourceIp) }, read);
      },
      started: () => { started = true; },
    });
    return 0;
  } catch (error) {
    const refusal = pushRefusal(error);
    if (!refusal || !head || !canReport(head) || started || signal.aborted) throw error;
    channel.write(refusalReport(head, refusal.text));
    return 0;
  }
}

/** What the client sends, up to its end, which leaves the other direction open. */
const whole = (channel: ServerChannel): AsyncIterable<Uint8Array> => channel.iterator({ destroyOnReturn: false });

/** The same for a pusher, who has no reason to be silent. One who fetches has: while the pack comes. */
const bodyOf = (channel: ServerChannel): AsyncIterable<Uint8Array> => hurried(whole(channel), limits.senderIdle);

const protocolOf = ({ protocol }: SshSession): { protocol?: string } => (protocol === undefined ? {} : { protocol });

/** SSH is as private as TLS. */
const circumstances = (sourceIp: string | undefined) => ({ ...sourceIp === undefined ? {} : { sourceIp }, secure: true });
