import type { IncomingMessage, ServerResponse } from 'node:http';
import { canReport, FLUSH, packetLine, refusalReport } from '../../../git/index.ts';
import type { Git, PushHead } from '../../../git/index.ts';
import type { Authorizer } from '../../../kernel/access.ts';
import type { Database } from '../../../kernel/database.ts';
import type { Door, DoorContext } from '../../../kernel/door.ts';
import { gitAccess } from '../access.ts';
import { BadCredentials, gitClient } from './credentials.ts';
import type { GitClient, GitCredentialsDeps } from './credentials.ts';
import { gitRequest, hurried, isGitPath, isLfsPath, plainBody, refuseLfs, SlowSender } from './requests.ts';
import type { GitRequest } from './requests.ts';
import { limits } from '../limits.ts';
import { mayPush, pushRefusal, regionOf } from './pushing.ts';
import type { RefChanges } from '../refs/ref-changes.ts';
import { findRepository } from '../store.ts';
import type { RepositoryRow } from '../store.ts';

export interface GitDoorDeps extends GitCredentialsDeps {
  readonly db: Database;
  readonly git: Git;
  readonly authorizer: Authorizer;
  readonly changes: RefChanges;
}

/** One authenticated, allowed request for a repository that exists. */
interface Visit {
  readonly asked: GitRequest;
  readonly caller: GitClient['caller'];
  readonly repository: RepositoryRow;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: DoorContext;
}

/** Git over HTTP: clone, fetch and push of `/v1/repos/<name>`, with AWS credentials. */
export function gitDoor(deps: GitDoorDeps): Door {
  return {
    name: 'codecommit-git',
    matches: ({ path }) => isGitPath(path),

    async handle(request, response, context) {
      try {
        const visit = await admit(deps, request, response, context);
        if (!visit) return;
        if (visit.asked.verb === 'advertise') await advertise(deps, visit);
        else if (visit.asked.service === 'git-upload-pack') await fetchFrom(deps, visit);
        else await pushTo(deps, visit);
      } catch (error) {
        if (context.signal.aborted || response.destroyed) return;
        const answer = refusalOf(error);
        // An answer that has begun cannot be taken back: the edge breaks the connection, the only honest end.
        if (!answer || response.headersSent) throw error;
        refuse(request, response, answer.status, answer.text);
      }
    },
  };
}

/** Who it is, what it is about and whether it may be; answers the client itself where one of these fails. */
async function admit(deps: GitDoorDeps, request: IncomingMessage, response: ServerResponse, context: DoorContext): Promise<Visit | undefined> {
  if (isLfsPath(request.url ?? '')) return refuseLfs(request, response);
  const asked = gitRequest(request);
  if (!asked) return refuse(request, response, 400, 'This address takes git\'s smart HTTP protocol only.');
  const client = await gitClient(deps, request, asked.signedPath);
  if (!client) {
    // Git asks its helpers for credentials only after this challenge.
    response.setHeader('WWW-Authenticate', 'Basic realm="AWS CodeCommit", charset="UTF-8"');
    return refuse(request, response, 401, 'Credentials are required.');
  }
  const { caller } = client;
  const name = asked.repositoryName;
  if (name === undefined) return refuse(request, response, 404, 'There is no repository of that name.');
  const region = client.region ?? await regionOf(deps, caller.account, name);
  const action = asked.service === 'git-receive-pack' ? 'GitPush' : 'GitPull';
  await deps.authorizer.authorize(caller, [gitAccess(action, { account: caller.account, region }, name)], { ...circumstances(request, context), region });
  const repository = await findRepository(deps.db, { account: caller.account, region }, name);
  if (!repository) return refuse(request, response, 404, `Repository ${name} does not exist in ${region}.`);
  return { asked, caller, repository, request, response, context };
}

async function advertise({ git }: GitDoorDeps, { asked, repository, request, response, context }: Visit): Promise<void> {
  const handle = git.repository(repository.repository_id);
  if (repository.default_branch !== null) await handle.setHead(repository.default_branch);
  const protocol = protocolOf(request);
  answerAs(response, `application/x-${asked.service}-advertisement`);
  // The second version of the protocol, which only fetches know, does without the announcement.
  const announced = asked.service === 'git-receive-pack' || !protocol?.split(':').includes('version=2');
  if (announced) response.write(Buffer.concat([packetLine(`# service=${asked.service}\n`), FLUSH]));
  await handle.advertise(asked.service, { output: response, ...protocol === undefined ? {} : { protocol }, signal: context.signal });
  response.end();
}

async function fetchFrom({ git }: GitDoorDeps, visit: Visit): Promise<void> {
  const { repository, request, response, context } = visit;
  const body = bodyOf(visit);
  if (!body) return;
  answerAs(response, 'application/x-git-upload-pack-result');
  await git.repository(repository.repository_id).uploadPack({ body, output: response, protocol: protocolOf(request), signal: context.signal });
  response.end();
}

async function pushTo(deps: GitDoorDeps, visit: Visit): Promise<void> {
  const { repository, caller, request, response, context } = visit;
  const body = bodyOf(visit);
  if (!body) return;
  const handle = deps.git.repository(repository.repository_id);
  let head: PushHead | undefined;
  try {
    await handle.receivePack({
      body,
      output: response,
      protocol: protocolOf(request),
      signal: context.signal,
      guard: deps.changes.guard(repository, caller.arn),
      async accept(read) {
        head = read;
        await mayPush(deps.authorizer, { caller, repository, circumstances: circumstances(request, context) }, read);
      },
      started: () => answerAs(response, 'application/x-git-receive-pack-result'),
    });
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal || !head || !canReport(head) || response.headersSent || context.signal.aborted) throw error;
    answerAs(response, 'application/x-git-receive-pack-result');
    response.end(refusalReport(head, refusal.text));
    return;
  }
  response.end();
}

function bodyOf({ asked, request, response }: Visit): AsyncIterable<Uint8Array> | undefined {
  if (request.headers['content-type'] !== `application/x-${asked.service}-request`) {
    return refuse(request, response, 415, `The content type must be application/x-${asked.service}-request.`);
  }
  const body = plainBody(request);
  return body ? hurried(body, limits.senderIdle) : refuse(request, response, 415, 'The content encoding must be gzip or none.');
}

/** What a git user is told, and how; undefined for errors that are ours. */
function refusalOf(error: unknown): { status: number; text: string } | undefined {
  if (error instanceof BadCredentials) return { status: 403, text: error.message };
  if (error instanceof SlowSender) return { status: 408, text: error.message };
  if (isUnzipError(error)) return { status: 400, text: 'The body is not the gzip that its content encoding says.' };
  return pushRefusal(error);
}

const isUnzipError = (error: unknown): boolean => error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

/** A readable line, which git shows as `remote: …`. What the client still sends is read, or it would not read the answer. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, text: string): undefined {
  request.resume();
  // Who was too slow is not listened to any longer.
  if (status === 408) response.setHeader('Connection', 'close');
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' }).end(`${text}\n`);
  return undefined;
}

function answerAs(response: ServerResponse, type: string): void {
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache, max-age=0, must-revalidate', Expires: 'Fri, 01 Jan 1980 00:00:00 GMT', Pragma: 'no-cache' });
}

function protocolOf(request: IncomingMessage): string | undefined {
  const header = request.headers['git-protocol'];
  return Array.isArray(header) ? header[0] : header;
}

function circumstances(request: IncomingMessage, context: DoorContext) {
  return { sourceIp: context.sourceIp, secure: context.endpoint.startsWith('https:'), userAgent: request.headers['user-agent'] };
}

