import { formatArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';
import { fail } from './fail.ts';

export const pipelineArn = ({ account, region }: Place, pipeline: string): string => formatArn({ service: 'codepipeline', region, account, resource: pipeline });
export const stageArn = (place: Place, pipeline: string, stage: string): string => `${pipelineArn(place, pipeline)}/${stage}`;
export const actionArn = (place: Place, pipeline: string, stage: string, action: string): string => `${stageArn(place, pipeline, stage)}/${action}`;

/** The pipeline that an ARN of this account and region names. */
export function pipelineOfArn(at: Place, arn: string): string {
  const prefix = pipelineArn(at, '');
  const name = arn.startsWith(prefix) ? arn.slice(prefix.length) : '';
  if (!/^[A-Za-z0-9.@\-_]{1,100}$/.test(name)) throw fail('InvalidArnException', `The resource ARN ${arn} is not valid for a pipeline of this account and region.`);
  return name;
}
