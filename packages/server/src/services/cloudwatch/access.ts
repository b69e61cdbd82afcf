import type { CloudWatchApi } from '@slipway/contracts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import type { notYet } from './not-yet.ts';

const onEverything = (): OperationRequest => ({ resource: '*' });

export const access: AccessTable<CloudWatchApi, (typeof notYet)[number]> = {
  PutMetricData: (input: { Namespace: string }, _call: Call) => ({ resource: '*', context: { 'cloudwatch:namespace': input.Namespace } }),
  GetMetricData: onEverything,
  GetMetricStatistics: onEverything,
  ListMetrics: onEverything,
};
