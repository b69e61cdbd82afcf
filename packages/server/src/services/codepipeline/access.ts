import type { PipelineDeclaration } from '@slipway/contracts/codepipeline';
import type { AccessRequest, Call } from '../../kernel/service.ts';
import { actionArn, pipelineArn, stageArn } from './arns.ts';
import { SERVICE } from './names.ts';

const named = (action: string) => (input: { readonly name: string }, call: Call): AccessRequest =>
  ({ action: `codepipeline:${action}`, resource: pipelineArn(call, input.name) });
const ofPipeline = (action: string) => (input: { readonly pipelineName: string }, call: Call): AccessRequest =>
  ({ action: `codepipeline:${action}`, resource: pipelineArn(call, input.pipelineName) });
const ofStage = (action: string) => (input: { readonly pipelineName: string; readonly stageName: string }, call: Call): AccessRequest =>
  ({ action: `codepipeline:${action}`, resource: stageArn(call, input.pipelineName, input.stageName) });
const ofArn = (action: string) => (input: { readonly resourceArn: string }): AccessRequest =>
  ({ action: `codepipeline:${action}`, resource: input.resourceArn });
/** Handing over a role needs iam:PassRole. */
const declared = (action: string) => (input: { readonly pipeline: PipelineDeclaration }, call: Call): AccessRequest[] => [
  { action: `codepipeline:${action}`, resource: pipelineArn(call, input.pipeline.name) },
  { action: 'iam:PassRole', resource: input.pipeline.roleArn, context: { 'iam:PassedToService': SERVICE } },
];

export const access = {
  CreatePipeline: declared('CreatePipeline'),
  UpdatePipeline: declared('UpdatePipeline'),
  GetPipeline: named('GetPipeline'),
  DeletePipeline: named('DeletePipeline'),
  ListPipelines: (_input: object, call: Call): AccessRequest => ({ action: 'codepipeline:ListPipelines', resource: pipelineArn(call, '*') }),
  StartPipelineExecution: named('StartPipelineExecution'),
  StopPipelineExecution: ofPipeline('StopPipelineExecution'),
  RetryStageExecution: ofStage('RetryStageExecution'),
  GetPipelineState: named('GetPipelineState'),
  GetPipelineExecution: ofPipeline('GetPipelineExecution'),
  ListPipelineExecutions: ofPipeline('ListPipelineExecutions'),
  ListActionExecutions: ofPipeline('ListActionExecutions'),
  EnableStageTransition: ofStage('EnableStageTransition'),
  DisableStageTransition: ofStage('DisableStageTransition'),
  PutApprovalResult: (input: { readonly pipelineName: string; readonly stageName: string; readonly actionName: string }, call: Call): AccessRequest =>
    ({ action: 'codepipeline:PutApprovalResult', resource: actionArn(call, input.pipelineName, input.stageName, input.actionName) }),
  TagResource: ofArn('TagResource'),
  UntagResource: ofArn('UntagResource'),
  ListTagsForResource: ofArn('ListTagsForResource'),
};
