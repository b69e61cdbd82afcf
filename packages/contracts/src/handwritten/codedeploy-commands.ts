import type { Contract, MemberShape } from '../contract.ts';

/**
 * The API through which a CodeDeploy agent on a host asks for its work and reports it. AWS publishes no SDK for it;
 * the shapes are those that the agent itself sends and reads.
 */
export interface CodeDeployCommandsApi {
  PollHostCommand: { input: PollHostCommandInput; output: PollHostCommandOutput; errors: CommandErrors };
  GetDeploymentSpecification: { input: GetDeploymentSpecificationInput; output: GetDeploymentSpecificationOutput; errors: CommandErrors };
  PutHostCommandAcknowledgement: { input: PutHostCommandAcknowledgementInput; output: PutHostCommandAcknowledgementOutput; errors: CommandErrors };
  PutHostCommandComplete: { input: PutHostCommandCompleteInput; output: PutHostCommandCompleteOutput; errors: CommandErrors };
  PostHostCommandUpdate: { input: PostHostCommandUpdateInput; output: PostHostCommandUpdateOutput; errors: CommandErrors };
}

type CommandErrors = 'ClientException' | 'ServerException';

export type HostCommandStatus = 'Pending' | 'InProgress' | 'Succeeded' | 'Failed';

export interface Envelope {
  /** `JSON` for diagnostics, `PKCS7/JSON` for a specification. */
  Format?: string;
  Payload?: string;
}

export interface HostCommandInstance {
  HostCommandIdentifier?: string;
  HostIdentifier?: string;
  /** Four parts: `account/application/group/deployment`. */
  DeploymentExecutionId?: string;
  /** `BeforeInstall`, `DownloadBundle`, `Install`, … */
  CommandName?: string;
  Nonce?: number;
}

export interface PollHostCommandInput { HostIdentifier: string }
export interface PollHostCommandOutput { HostCommand?: HostCommandInstance }

export interface GetDeploymentSpecificationInput { DeploymentExecutionId: string; HostIdentifier: string }
export interface GetDeploymentSpecificationOutput {
  /** `CodeDeploy`; the agent takes anything else for an error. */
  DeploymentSystem?: string;
  DeploymentSpecification?: { GenericEnvelope?: Envelope; VariantId?: string; VariantEnvelope?: Envelope };
}

export interface PutHostCommandAcknowledgementInput { HostCommandIdentifier: string; Diagnostics?: Envelope }
export interface PutHostCommandAcknowledgementOutput { CommandStatus?: HostCommandStatus }

export interface PutHostCommandCompleteInput { HostCommandIdentifier: string; CommandStatus: HostCommandStatus; Diagnostics?: Envelope }
export type PutHostCommandCompleteOutput = Record<string, never>;

export interface PostHostCommandUpdateInput {
  HostCommandIdentifier: string;
  /** ms UTC */
  EstimatedCompletionTime?: number;
  Diagnostics?: Envelope;
}
export interface PostHostCommandUpdateOutput { CommandStatus?: HostCommandStatus }

const text: MemberShape = { shape: 'String' };
const envelope: MemberShape = { shape: 'Envelope' };
const status: MemberShape = { shape: 'HostCommandStatus' };

function structure(members: Record<string, MemberShape>, required: readonly string[] = []) {
  return { type: 'structure', members, required } as const;
}

function operation(name: string) {
  return { input: `${name}Input`, output: `${name}Output`, errors: ['ClientException', 'ServerException'] };
}

export const codeDeployCommands: Contract = {
  service: 'codedeploy-commands',
  serviceId: 'CodeDeployCommand',
  apiVersion: '2014-10-06',
  signingName: 'codedeploy-commands',
  protocols: ['awsJson1.1'],
  targetPrefix: 'CodeDeployCommandService_v20141006',
  // With `enable_auth_policy` the agent speaks API version 2019-11-11, whose shapes are the same.
  targetPrefixAliases: ['CodeDeployCommandService'],
  operations: {
    PollHostCommand: operation('PollHostCommand'),
    GetDeploymentSpecification: operation('GetDeploymentSpecification'),
    PutHostCommandAcknowledgement: operation('PutHostCommandAcknowledgement'),
    PutHostCommandComplete: operation('PutHostCommandComplete'),
    PostHostCommandUpdate: operation('PostHostCommandUpdate'),
  },
  shapes: {
    String: { type: 'string' },
    Long: { type: 'long' },
    Timestamp: { type: 'timestamp' },
    HostCommandStatus: { type: 'string', enum: ['Pending', 'InProgress', 'Succeeded', 'Failed'] },
    Envelope: structure({ Format: text, Payload: text }),
    HostCommandInstance: structure({
      HostCommandIdentifier: text, HostIdentifier: text, DeploymentExecutionId: text, CommandName: text, Nonce: { shape: 'Long' },
    }),
    DeploymentSpecification: structure({ GenericEnvelope: envelope, VariantId: text, VariantEnvelope: envelope }),
    PollHostCommandInput: structure({ HostIdentifier: text }, ['HostIdentifier']),
    PollHostCommandOutput: structure({ HostCommand: { shape: 'HostCommandInstance' } }),
    GetDeploymentSpecificationInput: structure({ DeploymentExecutionId: text, HostIdentifier: text }, ['DeploymentExecutionId', 'HostIdentifier']),
    GetDeploymentSpecificationOutput: structure({ DeploymentSystem: text, DeploymentSpecification: { shape: 'DeploymentSpecification' } }),
    PutHostCommandAcknowledgementInput: structure({ HostCommandIdentifier: text, Diagnostics: envelope }, ['HostCommandIdentifier']),
    PutHostCommandAcknowledgementOutput: structure({ CommandStatus: status }),
    PutHostCommandCompleteInput: structure(
      { HostCommandIdentifier: text, CommandStatus: status, Diagnostics: envelope }, ['HostCommandIdentifier', 'CommandStatus'],
    ),
    PutHostCommandCompleteOutput: structure({}),
    PostHostCommandUpdateInput: structure(
      { HostCommandIdentifier: text, EstimatedCompletionTime: { shape: 'Timestamp' }, Diagnostics: envelope }, ['HostCommandIdentifier'],
    ),
    PostHostCommandUpdateOutput: structure({ CommandStatus: status }),
  },
  errors: {
    ClientException: { status: 400, fault: 'client' },
    ServerException: { status: 500, fault: 'server' },
  },
};
