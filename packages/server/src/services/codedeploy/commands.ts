import type { CodeDeployCommandsApi } from '@slipway/contracts';
import type { Database, Transaction } from '../../kernel/database.ts';
import { failures } from '../../kernel/errors.ts';
import { service } from '../../kernel/service.ts';
import type { Call, Operations, Service } from '../../kernel/service.ts';
import { advance } from './advance.ts';
import type { StepDeps } from './advance.ts';
import { deploymentArn } from './arns.ts';
import { POLL_HOLD_MS, UNACKNOWLEDGED_MS } from './limits.ts';
import type { Specification, SpecificationSigner } from './specification.ts';
import { findCommand, findDeployment, lockDeployment, takeCommand, targetsOf, updateEvent, waitingCommand } from './store.ts';
import type { DeploymentRow, DeploymentSettings, EventRow } from './store.ts';

export interface CommandsDeps extends StepDeps {
  readonly db: Database;
  readonly signer: SpecificationSigner;
}

const fail = failures<CodeDeployCommandsApi>();

/** The API that agents speak. A host acts for itself only: the identity that signs must be the host's own. */
export function codeDeployCommands(deps: CommandsDeps): Service {
  return service<CodeDeployCommandsApi>()({
    name: 'codedeploy-commands',
    operations: operations(deps),
    // AWS asks no policy for these: an agent's credentials are the host's registration.
    access: {
      PollHostCommand: 'none', GetDeploymentSpecification: 'none', PutHostCommandAcknowledgement: 'none', PutHostCommandComplete: 'none',
    },
    notYet: ['PostHostCommandUpdate'],
  });
}

function operations(deps: CommandsDeps) {
  const { db, clock, hosts, signer } = deps;
  return {
    async PollHostCommand({ HostIdentifier: host }, call) {
      onlyItself(host, call);
      signer.prepare();
      // Listening begins before the look: a command that comes in between is not slept through.
      const wait = hosts.wait(host, POLL_HOLD_MS, call.signal);
      try {
        const first = await handOut(host, call);
        if (first !== undefined) return first;
        await wait.woken;
        // Nobody would receive it: it stays for the next poll.
        if (call.signal.aborted) return {};
        return await handOut(host, call) ?? {};
      } finally {
        wait.cancel();
      }
    },

    async GetDeploymentSpecification({ DeploymentExecutionId: execution, HostIdentifier: host }, call) {
      onlyItself(host, call);
      const row = await findDeployment(db, call, execution.split('/').at(3) ?? '');
      const targets = row === undefined ? [] : await targetsOf(db, call, row.id);
      if (row === undefined || !targets.some((target) => target.host_identifier === host)) throw fail('ClientException', 'No deployment of this host has that execution id.');
      return { DeploymentSystem: 'CodeDeploy', DeploymentSpecification: { GenericEnvelope: await signer.sign(specificationOf(row)) } };
    },

    /** A command with nothing to do has succeeded with that, and the agent reports no more about it. */
    async PutHostCommandAcknowledgement({ HostCommandIdentifier: command, Diagnostics: diagnostics }, call) {
      const noop = payloadOf(diagnostics?.Payload)['IsCommandNoop'] === true;
      const status = await db.transaction(async (tx) => {
        const { event, row } = await lockCommand(tx, command, call);
        if (event.status !== 'InProgress') return event.status;
        const now = clock.now();
        if (noop) {
          await updateEvent(tx, event, { status: 'Succeeded', ended: now, diagnostics: NOOP, acknowledged: event.acknowledged ?? now });
          await advance(tx, deps, row);
          return 'Succeeded';
        }
        if (event.acknowledged === null) await updateEvent(tx, event, { acknowledged: now });
        return event.status;
      });
      return { CommandStatus: status === 'Skipped' ? 'Failed' : status };
    },

    /** AWS's agent reports a failure twice, the second time with less in it: the first one stays. */
    async PutHostCommandComplete({ HostCommandIdentifier: command, CommandStatus: status, Diagnostics: diagnostics }, call) {
      if (status !== 'Succeeded' && status !== 'Failed') throw fail('ClientException', 'CommandStatus must be Succeeded or Failed.');
      const shown = JSON.stringify(diagnosticsOf(diagnostics?.Payload));
      await db.transaction(async (tx) => {
        const { event, row } = await lockCommand(tx, command, call);
        if (event.status !== 'InProgress') return;
        await updateEvent(tx, event, { status, ended: clock.now(), diagnostics: shown, acknowledged: event.acknowledged ?? clock.now() });
        await advance(tx, deps, row);
      });
      return {};
    },
  } satisfies Partial<Operations<CodeDeployCommandsApi>>;

  async function handOut(host: string, call: Call) {
    const now = clock.now();
    const event = await waitingCommand(db, call, host, now - UNACKNOWLEDGED_MS);
    if (event === undefined || event.command === null) return undefined;
    const row = await findDeployment(db, call, event.deployment);
    if (row === undefined || !await db.transaction((tx) => takeCommand(tx, event, now))) return undefined;
    return { HostCommand: {
      HostCommandIdentifier: event.command, HostIdentifier: host, CommandName: event.name, Nonce: event.position,
      DeploymentExecutionId: `${call.account}/${row.application}/${row.group_name}/${row.id}`,
    } };
  }
}

/** Locks the deployment, then reads the command again: the lock decides between two reports. */
async function lockCommand(tx: Transaction, command: string, call: Call): Promise<{ event: EventRow; row: DeploymentRow | undefined }> {
  const seen = await findCommand(tx, call, command);
  const row = seen === undefined ? undefined : await lockDeployment(tx, call, seen.deployment);
  const event = await findCommand(tx, call, command);
  if (event === undefined || event.host_identifier !== call.caller.arn) throw fail('ClientException', 'This host has no such command.');
  return { event, row };
}

function onlyItself(host: string, call: Call): void {
  if (host !== call.caller.arn) throw fail('ClientException', `The identity ${call.caller.arn} may not act for the host ${host}.`);
}

function specificationOf(row: DeploymentRow): Specification {
  const { revision, fileExistsBehavior } = JSON.parse(row.settings) as DeploymentSettings;
  const { bucket = '', key = '', bundleType = 'zip', version, eTag } = revision.s3Location ?? {};
  return {
    DeploymentId: deploymentArn(row, row.id), DeploymentGroupId: row.group_id, DeploymentGroupName: row.group_name, ApplicationName: row.application,
    DeploymentCreator: row.creator, DeploymentType: 'IN_PLACE',
    ...fileExistsBehavior === undefined ? {} : { AgentActionOverrides: { AgentOverrides: { FileExistsBehavior: fileExistsBehavior } } },
    Revision: { RevisionType: 'S3', S3Revision: {
      Bucket: bucket, Key: key, BundleType: bundleType, ...version === undefined ? {} : { Version: version }, ...eTag === undefined ? {} : { ETag: eTag },
    } },
  };
}

/** The API knows fewer codes than the agents: what has no name there is an UnknownError. */
const CODES = ['Success', 'ScriptMissing', 'ScriptNotExecutable', 'ScriptTimedOut', 'ScriptFailed'] as const;

const NOOP = JSON.stringify({ errorCode: 'Success', scriptName: '', message: 'Succeeded', logTail: '' });

function payloadOf(payload = '{}'): Record<string, unknown> {
  try {
    const sent: unknown = JSON.parse(payload);
    return typeof sent === 'object' && sent !== null ? (sent as Record<string, unknown>) : {};
  } catch (cause) {
    throw fail('ClientException', 'Diagnostics.Payload is not JSON.', { cause });
  }
}

function diagnosticsOf(payload: string | undefined) {
  const sent = payloadOf(payload);
  const text = (name: string): string => (typeof sent[name] === 'string' ? sent[name] : '');
  return { errorCode: CODES[Number(sent['error_code'])] ?? 'UnknownError', scriptName: text('script_name'), message: text('message'), logTail: text('log') };
}
