import type { CodePipelineApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

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

/** Paging: the ordinal or name that a page ended with. */
export const tokens = {
  of: (key: string | number): string => Buffer.from(JSON.stringify({ after: key })).toString('base64url'),
  read(token: string | undefined): string | number | undefined {
    if (token === undefined) return undefined;
    try {
      const key = (JSON.parse(Buffer.from(token, 'base64url').toString()) as { after?: unknown }).after;
      if (typeof key === 'string' || typeof key === 'number') return key;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw fail('InvalidNextTokenException', 'The next token was specified in an invalid format.');
  },
};
