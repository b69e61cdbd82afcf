import type { AccessRequest, Call } from '../../kernel/service.ts';
import { groupArn, groupOf, streamArn } from './arns.ts';

type Grouped = { readonly logGroupName?: string; readonly logGroupIdentifier?: string };

/** AWS asks group-level actions about the group's empty stream, so that both `…:G:*` and `…:G*` in a policy match. */
const onGroup = (action: string) => (input: Grouped, call: Call): AccessRequest =>
  ({ action: `logs:${action}`, resource: streamArn(call, groupOf(call, input), '') });
const onStream = (action: string) => (input: Grouped & { readonly logStreamName: string }, call: Call): AccessRequest =>
  ({ action: `logs:${action}`, resource: streamArn(call, groupOf(call, input), input.logStreamName) });
const onArn = (action: string) => (input: { readonly resourceArn: string }): AccessRequest =>
  ({ action: `logs:${action}`, resource: input.resourceArn.replace(/:\*$/, '') });

export const access = {
  CreateLogGroup: onGroup('CreateLogGroup'),
  DeleteLogGroup: onGroup('DeleteLogGroup'),
  DescribeLogGroups: (_input: object, call: Call): AccessRequest => ({ action: 'logs:DescribeLogGroups', resource: `${groupArn(call, '')}:log-stream:` }),
  PutRetentionPolicy: onGroup('PutRetentionPolicy'),
  DeleteRetentionPolicy: onGroup('DeleteRetentionPolicy'),
  CreateLogStream: onGroup('CreateLogStream'),
  DeleteLogStream: onStream('DeleteLogStream'),
  DescribeLogStreams: onGroup('DescribeLogStreams'),
  PutLogEvents: onStream('PutLogEvents'),
  GetLogEvents: onStream('GetLogEvents'),
  FilterLogEvents: onGroup('FilterLogEvents'),
  TagResource: onArn('TagResource'),
  UntagResource: onArn('UntagResource'),
  ListTagsForResource: onArn('ListTagsForResource'),
};
