import { send, textOf } from './http.ts';
import type { AgentConfig } from './config.ts';
import type { Diagnostics } from './diagnostics.ts';
import { signedHeaders } from './signing.ts';
import type { Envelope } from './specification.ts';

export interface HostCommand {
  readonly HostCommandIdentifier: string;
  readonly HostIdentifier: string;
  readonly DeploymentExecutionId: string;
  readonly CommandName: string;
  readonly Nonce?: number;
}

export type CommandStatus = 'Pending' | 'InProgress' | 'Succeeded' | 'Failed';

/** AWS's host-agent protocol, `CodeDeployCommandService_v20141006`. */
export interface CommandApi {
  /** The server may hold this open while there is nothing to do. */
  poll(signal: AbortSignal): Promise<HostCommand | undefined>;
  specification(executionId: string, signal: AbortSignal): Promise<{ DeploymentSystem?: string; DeploymentSpecification?: { GenericEnvelope?: Envelope } }>;
  acknowledge(commandId: string, isNoop: boolean, signal: AbortSignal): Promise<CommandStatus | undefined>;
  complete(commandId: string, status: 'Succeeded' | 'Failed', diagnostics: Diagnostics, signal: AbortSignal): Promise<void>;
}

/** An error that the server answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** Whether the same request may succeed later: throttling, clock skew and rights come right, a malformed request never does. */
  get passing(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 403 || this.status === 408;
  }
}

/** Longer than any server holds a poll. */
const LONGEST_SILENCE_MS = 90_000;
const VERSION = '1.8.1-slipway';

export function commandApi(config: AgentConfig): CommandApi {
  const call = async <T>(operation: string, input: object, signal: AbortSignal): Promise<T> => {
    const url = new URL(`${config.endpoint}/`);
    const body = JSON.stringify(input);
    const headers = await signedHeaders(config, 'codedeploy-commands', 'POST', url, {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `CodeDeployCommandService_v20141006.${operation}`,
      'x-amz-codedeploy-agent-version': VERSION,
    }, body);
    const response = await send({ method: 'POST', url, headers, body, timeoutMs: LONGEST_SILENCE_MS, signal });
    const text = await textOf(response);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw new ApiError(status, `${operation} was answered with ${status}: ${text.slice(0, 500)}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  };
  return {
    async poll(signal) {
      const answer = await call<{ HostCommand?: HostCommand | null }>('PollHostCommand', { HostIdentifier: config.hostIdentifier }, signal);
      return answer.HostCommand ?? undefined;
    },
    specification: (executionId, signal) =>
      call('GetDeploymentSpecification', { DeploymentExecutionId: executionId, HostIdentifier: config.hostIdentifier }, signal),
    async acknowledge(commandId, isNoop, signal) {
      const answer = await call<{ CommandStatus?: CommandStatus }>('PutHostCommandAcknowledgement', {
        HostCommandIdentifier: commandId, Diagnostics: { Format: 'JSON', Payload: JSON.stringify({ IsCommandNoop: isNoop }) },
      }, signal);
      return answer.CommandStatus;
    },
    async complete(commandId, status, diagnostics, signal) {
      await call('PutHostCommandComplete', {
        HostCommandIdentifier: commandId, CommandStatus: status, Diagnostics: { Format: 'JSON', Payload: JSON.stringify(diagnostics) },
      }, signal);
    },
  };
}
