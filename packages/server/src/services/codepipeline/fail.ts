import type { CodePipelineApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';
import type { Place } from '../../kernel/place.ts';

export const fail = failures<CodePipelineApi>();

export const noPipeline = (at: Place, name: string) =>
  fail('PipelineNotFoundException', `Account '${at.account}' does not have a pipeline with name '${name}'`);
export const noExecution = (id: string) =>
  fail('PipelineExecutionNotFoundException', `The pipeline execution with id ${id} does not exist.`);
