import type { DomainEvent } from '../../engine/outbox.ts';
import { parameterArn } from './arns.ts';
import type { VersionRow } from './store.ts';

/** Systems Manager User Guide, "Parameter Store Change" events. */
export function parameterChange(row: VersionRow, operation: 'Create' | 'Update' | 'Delete' | 'LabelParameterVersion'): DomainEvent {
  const { account, region, name, type, description } = row;
  return {
    account, region, source: 'aws.ssm', detailType: 'Parameter Store Change', resources: [parameterArn(row, name)], aggregate: `ssm/parameter/${name}`,
    detail: { operation, name, type, ...(description !== null && { description }) },
  };
}
