import type { CloudWatchLogsApi } from '@slipway/contracts';
import { creating, settingTags } from '../../kernel/access.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { groupArn, groupOf, streamArn } from './arns.ts';
import type { notYet } from './not-yet.ts';

type Grouped = { readonly logGroupName?: string; readonly logGroupIdentifier?: string };

/** AWS asks group-level actions about the group's empty stream, so that both `…:G:*` and `…:G*` in a policy match. */
const onGroup = (input: Grouped, call: Call): OperationRequest => ({ resource: streamArn(call, groupOf(call, input), '') });
const onStream = (input: Grouped & { readonly logStreamName: string }, call: Call): OperationRequest =>
  ({ resource: streamArn(call, groupOf(call, input), input.logStreamName) });
const onArn = (input: { readonly resourceArn: string }): OperationRequest => ({ resource: input.resourceArn.replace(/:\*$/, '') });

const listed = (tags: Readonly<Record<string, string>> = {}) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export const access: AccessTable<CloudWatchLogsApi, (typeof notYet)[number]> = {
  CreateLogGroup: (input, call) => creating(onGroup(input, call), listed(input.tags), 'logs:TagResource'),
  DeleteLogGroup: onGroup,
  DescribeLogGroups: (_input, call) => ({ resource: `${groupArn(call, '')}:log-stream:` }),
  PutRetentionPolicy: onGroup,
  DeleteRetentionPolicy: onGroup,
  CreateLogStream: onGroup,
  DeleteLogStream: onStream,
  DescribeLogStreams: onGroup,
  PutLogEvents: onStream,
  GetLogEvents: onStream,
  FilterLogEvents: onGroup,
  TagResource: (input) => ({ ...onArn(input), context: settingTags(listed(input.tags)) }),
  UntagResource: (input) => ({ ...onArn(input), context: { 'aws:TagKeys': input.tagKeys } }),
  ListTagsForResource: onArn,
};
