import type { SSMApi } from '@slipway/contracts';
import { creating, settingTags } from '../../kernel/access.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { nameIn, parameterArn } from './arns.ts';
import { wantedOf } from './names.ts';
import type { notYet } from './not-yet.ts';

const on = (call: Call, written: string): OperationRequest => ({ resource: parameterArn(call, wantedOf(nameIn(written, call)).name) });
const onName = ({ Name }: { readonly Name: string }, call: Call): OperationRequest => on(call, Name);
const onNames = ({ Names }: { readonly Names: readonly string[] }, call: Call): OperationRequest[] => Names.map((name) => on(call, name));
const onResource = ({ ResourceId }: { readonly ResourceId: string }, call: Call, context: OperationRequest['context'] = {}): OperationRequest => ({ resource: parameterArn(call, ResourceId), context });

/** Service Authorization Reference, "AWS Systems Manager". */
export const access: AccessTable<SSMApi, (typeof notYet)[number]> = {
  PutParameter: ({ Name, Tags }, call) => creating(on(call, Name), Tags, 'ssm:AddTagsToResource'),
  GetParameter: onName,
  GetParameters: onNames,
  GetParametersByPath: ({ Path, Recursive }, call) => ({ resource: parameterArn(call, Path.length > 1 ? Path.replace(/\/$/, '') : Path), context: { 'ssm:Recursive': String(Recursive ?? false) } }),
  GetParameterHistory: onName,
  DescribeParameters: (_input, call) => ({ resource: `arn:aws:ssm:${call.region}:${call.account}:*` }),
  DeleteParameter: onName,
  DeleteParameters: onNames,
  LabelParameterVersion: onName,
  UnlabelParameterVersion: onName,
  AddTagsToResource: (input, call) => onResource(input, call, settingTags(input.Tags)),
  RemoveTagsFromResource: (input, call) => onResource(input, call, { 'aws:TagKeys': input.TagKeys }),
  ListTagsForResource: (input, call) => onResource(input, call),
};
