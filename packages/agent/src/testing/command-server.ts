import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Diagnostics } from '../diagnostics.ts';
import { testSigner } from './sign.ts';

export interface Completion {
  readonly command: string;
  readonly status: string;
  readonly diagnostics: Diagnostics;
}

export interface TestDeployment {
  readonly deploymentId: string;
  readonly groupId?: string;
  readonly bundle: Uint8Array;
  readonly bundleType: 'zip' | 'tar' | 'tgz';
  readonly etag?: string;
  readonly behavior?: string;
}

/**
 * A server that speaks the host-agent protocol and serves bundles, for tests of agents and hosts: polls are held until there
 * is something to do, commands go out one by one, completions are kept in order, repeated ones included.
 */
export interface CommandServer {
  readonly endpoint: string;
  readonly port: number;
  readonly completions: readonly Completion[];
  /** `acknowledged` commands, as `Command:isNoop`. */
  readonly acknowledged: readonly string[];
  /** Requests seen, as target or path. */
  readonly requests: readonly { readonly what: string; readonly authorization: string; readonly url: string }[];
  /** What the next acknowledgements are answered with; undefined leaves the status out. */
  acknowledgeWith: string | undefined;
  /** While positive, counts down and answers 500. */
  failing: number;
  /** Replaces the signed payload: for tests of refusal. */
  tamper: ((payload: string) => string) | undefined;
  /** Hands out one command and resolves with its first completion. */
  send(deployment: TestDeployment, commandName: string): Promise<Completion>;
  /** Hands out one command; answers its identifier at once. */
  queue(deployment: TestDeployment, commandName: string): string;
  /** Hands the same command out again. */
  repeat(commandId: string): void;
  completionOf(commandId: string): Promise<Completion>;
  /** Sends the commands in order until one fails; answers the last completion. */
  deploy(deployment: TestDeployment, events?: readonly string[]): Promise<Completion>;
  close(): Promise<void>;
}

export const ALL_EVENTS = ['ApplicationStop', 'DownloadBundle', 'BeforeInstall', 'Install', 'AfterInstall', 'ApplicationStart', 'ValidateService'] as const;

interface Queued {
  readonly id: string;
  readonly name: string;
  readonly deployment: TestDeployment;
}

export async function commandServer(hostIdentifier: string): Promise<CommandServer> {
  const signer = await testSigner();
  const known = new Map<string, Queued>();
  const queue: Queued[] = [];
  const polls: ServerResponse[] = [];
  const waiting = new Map<string, (completion: Completion) => void>();
  const first = new Map<string, Completion>();
  const completions: Completion[] = [];
  const acknowledged: string[] = [];
  const requests: { what: string; authorization: string; url: string }[] = [];

  const dispense = (): void => {
    while (queue.length > 0 && polls.length > 0) {
      const response = polls.shift();
      if (response === undefined || response.destroyed) continue;
      const next = queue.shift();
      if (next === undefined) return;
      answer(response, { HostCommand: {
        HostCommandIdentifier: next.id, HostIdentifier: hostIdentifier, CommandName: next.name, Nonce: 1,
        DeploymentExecutionId: `000000000000/app/${next.deployment.deploymentId}/${next.id}`,
      } });
    }
  };

  const specificationOf = async (deployment: TestDeployment): Promise<string> => signer.sign(JSON.stringify({
    DeploymentId: `arn:aws:codedeploy:us-east-1:000000000000:deployment/${deployment.deploymentId}`,
    DeploymentGroupId: deployment.groupId ?? 'group-1',
    DeploymentGroupName: 'fleet',
    ApplicationName: 'app',
    ...(deployment.behavior === undefined ? {} : { AgentActionOverrides: { AgentOverrides: { FileExistsBehavior: deployment.behavior } } }),
    Revision: { RevisionType: 'S3', S3Revision: {
      Bucket: 'bundles', Key: `${deployment.deploymentId}.bundle`, BundleType: deployment.bundleType, Version: 'v1', ETag: `"${deployment.etag ?? etagOf(deployment)}"`,
    } },
  }));

  const operate = async (operation: string, input: Record<string, unknown>, response: ServerResponse): Promise<void> => {
    switch (operation) {
      case 'PollHostCommand':
        polls.push(response);
        dispense();
        return;
      case 'GetDeploymentSpecification': {
        const id = String(input['DeploymentExecutionId']).split('/').at(-1) ?? '';
        const found = known.get(id);
        if (found === undefined) return answer(response, { __type: 'ClientException' }, 400);
        const payload = await specificationOf(found.deployment);
        return answer(response, { DeploymentSystem: 'CodeDeploy', DeploymentSpecification: { GenericEnvelope: { Format: 'PKCS7/JSON', Payload: server.tamper?.(payload) ?? payload } } });
      }
      case 'PutHostCommandAcknowledgement': {
        const { IsCommandNoop } = JSON.parse((input['Diagnostics'] as { Payload: string }).Payload) as { IsCommandNoop: boolean };
        acknowledged.push(`${known.get(String(input['HostCommandIdentifier']))?.name}:${IsCommandNoop}`);
        return answer(response, server.acknowledgeWith === undefined ? {} : { CommandStatus: server.acknowledgeWith });
      }
      case 'PutHostCommandComplete': {
        const id = String(input['HostCommandIdentifier']);
        const completion: Completion = {
          command: known.get(id)?.name ?? '', status: String(input['CommandStatus']),
          diagnostics: JSON.parse((input['Diagnostics'] as { Payload: string }).Payload) as Diagnostics,
        };
        completions.push(completion);
        if (!first.has(id)) first.set(id, completion);
        answer(response, {});
        waiting.get(id)?.(completion);
        return;
      }
      default:
        return answer(response, { __type: 'ClientException' }, 400);
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    const what = operation ?? request.url ?? '';
    requests.push({ what, authorization: request.headers.authorization ?? '', url: request.url ?? '' });
    if (server.failing > 0) {
      server.failing -= 1;
      return answer(response, { __type: 'ServerException' }, 500);
    }
    if (operation !== undefined) return operate(operation, JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>, response);
    const found = [...known.values()].find((one) => request.url?.startsWith(`/bundles/${one.deployment.deploymentId}.bundle`));
    if (found === undefined) return void response.writeHead(404).end('<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>');
    response.writeHead(200, { etag: `"${etagOf(found.deployment)}"` }).end(found.deployment.bundle);
  };

  const http = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const port = (http.address() as AddressInfo).port;

  const server: CommandServer = {
    endpoint: `http://127.0.0.1:${port}`, port, completions, acknowledged, requests, acknowledgeWith: 'InProgress', failing: 0, tamper: undefined,
    queue(deployment, name) {
      const queued = { id: randomUUID(), name, deployment };
      known.set(queued.id, queued);
      queue.push(queued);
      dispense();
      return queued.id;
    },
    repeat(commandId) {
      const again = known.get(commandId);
      if (again !== undefined) queue.push(again);
      dispense();
    },
    completionOf: (id) => new Promise((resolve) => {
      const there = first.get(id);
      if (there === undefined) waiting.set(id, resolve);
      else resolve(there);
    }),
    send: (deployment, name) => server.completionOf(server.queue(deployment, name)),
    async deploy(deployment, events = ALL_EVENTS) {
      let last: Completion | undefined;
      for (const event of events) {
        last = await server.send(deployment, event);
        if (last.status !== 'Succeeded') break;
      }
      if (last === undefined) throw new Error('no events were given');
      return last;
    },
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await signer.close();
    },
  };
  return server;
}

function answer(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
}

const etagOf = (deployment: TestDeployment): string => createHash('md5').update(deployment.bundle).digest('hex');
