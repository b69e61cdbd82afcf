import type { Aws, Credentials } from '@slipway/testkit';

export const rootKey: Credentials = { accessKeyId: 'AKIAROOTOFTHETESTKIT', secretAccessKey: 'a-secret-that-only-tests-know-0123456789' };

export const OBSERVED = '/aws/events/observed';

/** From here on every event of the Code* services arrives in a log group, where `countEvents` counts it. */
export async function observeEvents(aws: Aws, account: string): Promise<void> {
  await aws.cloudwatchLogs.createLogGroup({ logGroupName: OBSERVED });
  await aws.eventbridge.putRule({ Name: 'everything', EventPattern: JSON.stringify({ source: [{ prefix: 'aws.code' }] }) });
  await aws.eventbridge.putTargets({ Rule: 'everything', Targets: [{ Id: 'log', Arn: `arn:aws:logs:us-east-1:${account}:log-group:${OBSERVED}` }] });
}

/** How often each event has arrived, told apart by what it says but for ids and times. */
export async function countEvents(aws: Aws): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const { logStreams = [] } = await aws.cloudwatchLogs.describeLogStreams({ logGroupName: OBSERVED });
  for (const { logStreamName = '' } of logStreams) {
    for (const message of await messages(aws, OBSERVED, logStreamName)) {
      const name = nameOf(JSON.parse(message) as { 'detail-type': string; detail: Record<string, unknown> });
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return Object.fromEntries(Object.entries(counts).toSorted());
}

const TELLING = ['stage', 'action', 'event', 'referenceFullName', 'instanceId', 'state', 'build-status', 'completed-phase', 'completed-phase-status'];

function nameOf({ 'detail-type': type, detail }: { 'detail-type': string; detail: Record<string, unknown> }): string {
  return [type, ...TELLING.map((member) => detail[member]).filter((value) => value !== undefined)].join(' ');
}

/** All of a stream's messages, in order. */
export async function messages(aws: Aws, logGroupName: string, logStreamName: string): Promise<string[]> {
  const found: string[] = [];
  for (let nextToken: string | undefined, last: string | undefined; ; last = nextToken) {
    const page = await aws.cloudwatchLogs.getLogEvents({ logGroupName, logStreamName, startFromHead: true, nextToken });
    found.push(...(page.events ?? []).map(({ message }) => message ?? ''));
    nextToken = page.nextForwardToken;
    if (nextToken === last) return found;
  }
}
