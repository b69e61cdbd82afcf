import type { CodePipelineApi } from '@slipway/contracts';
import type { PipelineDeclaration } from '@slipway/contracts/codepipeline';
import { creating, passRole, settingTags, tagList } from '../../kernel/access.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { actionArn, pipelineArn, stageArn } from './arns.ts';
import { SERVICE } from './names.ts';
import type { notYet } from './not-yet.ts';

const named = (input: { readonly name: string }, call: Call): OperationRequest => ({ resource: pipelineArn(call, input.name) });
const ofPipeline = (input: { readonly pipelineName: string }, call: Call): OperationRequest => ({ resource: pipelineArn(call, input.pipelineName) });
const ofStage = (input: { readonly pipelineName: string; readonly stageName: string }, call: Call): OperationRequest =>
  ({ resource: stageArn(call, input.pipelineName, input.stageName) });
const ofArn = (input: { readonly resourceArn: string }): OperationRequest => ({ resource: input.resourceArn });
const declared = ({ pipeline }: { readonly pipeline: PipelineDeclaration }, call: Call): OperationRequest[] =>
  [{ resource: pipelineArn(call, pipeline.name) }, passRole(pipeline.roleArn, SERVICE)];

export const access: AccessTable<CodePipelineApi, (typeof notYet)[number]> = {
  CreatePipeline: (input, call) => [...creating({ resource: pipelineArn(call, input.pipeline.name) }, tagList(input.tags), 'codepipeline:TagResource'), passRole(input.pipeline.roleArn, SERVICE)],
  UpdatePipeline: declared,
  GetPipeline: named,
  DeletePipeline: named,
  ListPipelines: (_input, call) => ({ resource: pipelineArn(call, '*') }),
  StartPipelineExecution: named,
  StopPipelineExecution: ofPipeline,
  RetryStageExecution: ofStage,
  GetPipelineState: named,
  GetPipelineExecution: ofPipeline,
  ListPipelineExecutions: ofPipeline,
  ListActionExecutions: ofPipeline,
  EnableStageTransition: ofStage,
  DisableStageTransition: ofStage,
  PutApprovalResult: (input, call) => ({ resource: actionArn(call, input.pipelineName, input.stageName, input.actionName) }),
  TagResource: (input) => ({ ...ofArn(input), context: settingTags(tagList(input.tags)) }),
  UntagResource: (input) => ({ ...ofArn(input), context: { 'aws:TagKeys': input.tagKeys } }),
  ListTagsForResource: ofArn,
};
