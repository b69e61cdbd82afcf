import { expect, it } from 'vitest';
import type { ActionDeclaration } from '@slipway/contracts/codepipeline';
import type { DomainEvent, Outbox } from '../../engine/outbox.ts';
import type { Transaction } from '../../kernel/database.ts';
import { events } from './events.ts';
import type { ActionRow, ExecutionRow } from './store.ts';

/** The fields of the examples in the AWS CodePipeline User Guide, "Monitoring CodePipeline events". */
const sent: DomainEvent[] = [];
const tell = events({ emit: async (_tx: Transaction, event: DomainEvent) => void sent.push(event) } as unknown as Outbox);
const tx = {} as Transaction;
const execution = {
  account: '123456789012', region: 'us-east-1', pipeline: 'myPipeline', id: '12345678-1234-5678-abcd-12345678abcd', version: 1, attempt: 0, started: Date.parse('2023-10-26T13:49:39.208Z'),
  trigger_type: 'StartPipelineExecution', trigger_detail: 'arn:aws:sts::123456789012:assumed-role/Admin/my-user', stop_reason: null,
} as unknown as ExecutionRow;
const row = {
  id: '47f821c5-a902-4c1a-ae61-5a6c4a5d3a5f', stage: 'Prod', action: 'myAction', region: 'us-west-2', outputs: JSON.stringify([{ name: 'Out', bucket: 'amzn-s3-demo-bucket', key: 'asdf123-artifactname' }]),
  prepared: JSON.stringify({ inputs: [{ name: 'In', bucket: 'amzn-s3-demo-bucket', key: 'in' }] }), external_id: 'd-1', external_url: 'https://here/1', error_message: 'Deployment d-1 failed', summary: null, error_code: 'JobFailed',
} as unknown as ActionRow;
const declared = { actionTypeId: { owner: 'AWS', provider: 'CodeDeploy', category: 'Deploy', version: '1' } } as unknown as ActionDeclaration;

const common = { account: '123456789012', region: 'us-east-1', source: 'aws.codepipeline', resources: ['arn:aws:codepipeline:us-east-1:123456789012:myPipeline'], aggregate: expect.any(String) };
const detail = { pipeline: 'myPipeline', 'execution-id': '12345678-1234-5678-abcd-12345678abcd', 'start-time': '2023-10-26T13:49:39.208Z', version: 1, 'pipeline-execution-attempt': 0 };

it('CodePipeline Pipeline Execution State Change has the documented form', async () => {
  await tell.pipeline(tx, execution, 'STARTED');
  expect(sent.pop()).toEqual({
    ...common, detailType: 'CodePipeline Pipeline Execution State Change',
    detail: { ...detail, state: 'STARTED', 'execution-trigger': { 'trigger-type': 'StartPipelineExecution', 'trigger-detail': 'arn:aws:sts::123456789012:assumed-role/Admin/my-user' } },
  });
  await tell.pipeline(tx, { ...execution, stop_reason: 'Stopping the pipeline' }, 'STOPPING');
  expect(sent.pop()!.detail).toMatchObject({ state: 'STOPPING', 'stop-execution-comments': 'Stopping the pipeline' });
});

it('CodePipeline Stage Execution State Change has the documented form', async () => {
  await tell.stage(tx, execution, 'Prod', 'STARTED');
  expect(sent.pop()).toEqual({ ...common, detailType: 'CodePipeline Stage Execution State Change', detail: { ...detail, stage: 'Prod', state: 'STARTED' } });
});

it('CodePipeline Action Execution State Change has the documented form', async () => {
  const type = { owner: 'AWS', provider: 'CodeDeploy', category: 'Deploy', version: '1' };
  const of = { ...detail, stage: 'Prod', action: 'myAction', 'action-execution-id': row.id, region: 'us-west-2', type };
  await tell.action(tx, execution, row, declared, 'STARTED');
  expect(sent.pop()).toEqual({ ...common, detailType: 'CodePipeline Action Execution State Change', detail: { ...of, state: 'STARTED' } });
  await tell.action(tx, execution, row, declared, 'FAILED');
  expect(sent.pop()!.detail).toEqual({
    ...of, state: 'FAILED',
    'input-artifacts': [{ name: 'In', s3location: { bucket: 'amzn-s3-demo-bucket', key: 'in' } }], 'output-artifacts': [{ name: 'Out', s3location: { bucket: 'amzn-s3-demo-bucket', key: 'asdf123-artifactname' } }],
    'execution-result': { 'external-execution-id': 'd-1', 'external-execution-url': 'https://here/1', 'external-execution-summary': 'Deployment d-1 failed', 'error-code': 'JobFailed' },
  });
});
