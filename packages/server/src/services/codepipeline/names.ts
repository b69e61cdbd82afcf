import type { CodePipelineApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';
import type { Paging } from '../../kernel/paging.ts';

export const fail = failures<CodePipelineApi>();

export interface Place {
  readonly account: string;
  readonly region: string;
}

export const SERVICE = 'codepipeline.amazonaws.com';
/** Job kinds: a pipeline's decisions, one action's work, a pipeline's look at its sources. */
export const PIPELINE = 'codepipeline/pipeline';
export const ACTION = 'codepipeline/action';
export const SOURCES = 'codepipeline/sources';

export const pipelineArn = (at: Place, pipeline: string): string => `arn:aws:codepipeline:${at.region}:${at.account}:${pipeline}`;
export const stageArn = (at: Place, pipeline: string, stage: string): string => `${pipelineArn(at, pipeline)}/${stage}`;
export const actionArn = (at: Place, pipeline: string, stage: string, action: string): string => `${stageArn(at, pipeline, stage)}/${action}`;

/** The pipeline that an ARN of this account and region names. */
export function pipelineOfArn(at: Place, arn: string): string {
  const prefix = pipelineArn(at, '');
  const name = arn.startsWith(prefix) ? arn.slice(prefix.length) : '';
  if (!/^[A-Za-z0-9.@\-_]{1,100}$/.test(name)) throw fail('InvalidArnException', `The resource ARN ${arn} is not valid for a pipeline of this account and region.`);
  return name;
}

export const noPipeline = (at: Place, name: string) =>
  fail('PipelineNotFoundException', `Account '${at.account}' does not have a pipeline with name '${name}'`);
export const noExecution = (id: string) =>
  fail('PipelineExecutionNotFoundException', `The pipeline execution with id ${id} does not exist.`);

/** Paging of one operation: the ordinal or name that a page ended with. */
export function pagesOf(paging: Paging, at: Place, operation: string, args: unknown = null) {
  const place = { operation: `codepipeline:${operation}`, account: at.account, region: at.region, arguments: args };
  return {
    after: (key: string | number): string => paging.after(place, [key]),
    read(token: string | undefined): string | number | undefined {
      const key = token === undefined ? [] : paging.read(place, token);
      if (key === undefined) throw fail('InvalidNextTokenException', 'The next token was specified in an invalid format.');
      return key[0];
    },
  };
}
