import { expect, it } from 'vitest';
import { readBuild, type StoredBuild } from './build.ts';
import { phaseChange, stateChange } from './events.ts';
import type { BuildRow } from './store.ts';

/** The example of the AWS CodeBuild User Guide, "Build notifications input format reference": its values, and what it says of them. */
const at = (time: string): number => Date.parse(`2017-09-01T${time}Z`);
const empty = [{ statusCode: '', message: '' }];
const ended = (phaseType: string, from: string, to: string, durationInSeconds: number) => ({ phaseType, phaseStatus: 'SUCCEEDED', startTime: at(from), endTime: at(to), durationInSeconds, contexts: empty });
const uuid = '8745a7a9-c340-456a-9166-edf953571bEX';
const arn = `arn:aws:codebuild:us-west-2:123456789012:build/my-sample-project:${uuid}`;
const artifact = { md5sum: 'da9c44c8a9a3cd4b443126e823168fEX', sha256sum: '6ccc2ae1df9d155ba83c597051611c42d60e09c6329dcb14a312cecc0a8e39EX', location: 'arn:aws:s3:::codebuild-123456789012-output-bucket/my-output-artifact.zip' };

const build: StoredBuild = readBuild({
  account: '123456789012', region: 'us-west-2', id: `my-sample-project:${uuid}`, project: 'my-sample-project', number: 7, initiator: 'MyCodeBuildDemoUser', status: 'SUCCEEDED', phase: 'COMPLETED',
  definition: JSON.stringify({
    source: { type: 'S3', location: 'codebuild-123456789012-input-bucket/my-input-artifact.zip' }, artifacts: { type: 'S3' }, serviceRole: 'r', timeoutInMinutes: 60, queuedTimeoutInMinutes: 480,
    environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:5.0', computeType: 'BUILD_GENERAL1_SMALL' },
  }),
  phases: JSON.stringify([
    ended('SUBMITTED', '16:12:29', '16:12:29', 0), ended('PROVISIONING', '16:12:29', '16:13:05', 36), ended('INSTALL', '16:13:10', '16:13:10', 0),
    { ...ended('BUILD', '16:13:10', '16:14:21', 70), phaseStatus: 'FAILED', contexts: [{ statusCode: 'COMMAND_EXECUTION_ERROR', message: 'exit status 1' }] }, { phaseType: 'COMPLETED', startTime: at('16:14:21') },
  ]),
  artifacts: JSON.stringify({ primary: artifact, secondary: [] }), exported: '[]', log_stream: uuid, started_at: at('16:12:29'), ended_at: at('16:14:28'),
} as unknown as BuildRow);

const plain = (event: unknown): unknown => JSON.parse(JSON.stringify(event));
const phaseOf = (type: string, start: string, end: string, seconds: number, context: string[], status = 'SUCCEEDED') =>
  ({ 'phase-context': context, 'start-time': start, 'end-time': end, 'duration-in-seconds': seconds, 'phase-type': type, 'phase-status': status });

const information = {
  artifact, cache: { type: 'NO_CACHE' },
  environment: { image: 'aws/codebuild/standard:5.0', 'privileged-mode': false, 'image-pull-credentials-type': 'CODEBUILD', 'compute-type': 'BUILD_GENERAL1_SMALL', type: 'LINUX_CONTAINER', 'environment-variables': [] },
  'timeout-in-minutes': 60, 'queued-timeout-in-minutes': 480, 'build-complete': true, initiator: 'MyCodeBuildDemoUser', 'build-number': 7, 'build-start-time': 'Sep 1, 2017 4:12:29 PM',
  source: { location: 'codebuild-123456789012-input-bucket/my-input-artifact.zip', type: 'S3' },
  logs: { 'group-name': '/aws/codebuild/my-sample-project', 'stream-name': uuid, 'deep-link': `https://here/cloudwatch/home?region=us-west-2#logEvent:group=/aws/codebuild/my-sample-project;stream=${uuid}` },
  phases: [
    phaseOf('SUBMITTED', 'Sep 1, 2017 4:12:29 PM', 'Sep 1, 2017 4:12:29 PM', 0, []), phaseOf('PROVISIONING', 'Sep 1, 2017 4:12:29 PM', 'Sep 1, 2017 4:13:05 PM', 36, []),
    phaseOf('INSTALL', 'Sep 1, 2017 4:13:10 PM', 'Sep 1, 2017 4:13:10 PM', 0, [': ']), phaseOf('BUILD', 'Sep 1, 2017 4:13:10 PM', 'Sep 1, 2017 4:14:21 PM', 70, ['COMMAND_EXECUTION_ERROR: exit status 1'], 'FAILED'),
    { 'start-time': 'Sep 1, 2017 4:14:21 PM', 'phase-type': 'COMPLETED' },
  ],
};
const common = { account: '123456789012', region: 'us-west-2', source: 'aws.codebuild', resources: [arn], aggregate: expect.any(String) };

it('CodeBuild Build State Change has the documented form', () => {
  expect(plain(stateChange(build, 'https://here'))).toEqual({
    ...common, detailType: 'CodeBuild Build State Change',
    detail: { 'build-status': 'SUCCEEDED', 'project-name': 'my-sample-project', 'build-id': arn, 'additional-information': information, 'current-phase': 'COMPLETED', 'current-phase-context': '[]', version: '1' },
  });
});

it('CodeBuild Build Phase Change has the documented form', () => {
  const [, , install, failed] = build.phases;
  const detail = {
    'completed-phase': 'INSTALL', 'project-name': 'my-sample-project', 'build-id': arn, 'completed-phase-context': '[: ]', 'additional-information': information, 'completed-phase-status': 'SUCCEEDED',
    'completed-phase-duration-seconds': 0, version: '1', 'completed-phase-start': 'Sep 1, 2017 4:13:10 PM', 'completed-phase-end': 'Sep 1, 2017 4:13:10 PM',
  };
  expect(plain(phaseChange(build, install!, 'https://here'))).toEqual({ ...common, detailType: 'CodeBuild Build Phase Change', detail });
  expect(phaseChange(build, failed!, 'https://here').detail['completed-phase-context']).toBe('[COMMAND_EXECUTION_ERROR: exit status 1]');
});

it('links to no log before there is one', () => {
  const information = stateChange({ ...build, log_stream: null, artifacts: { secondary: [] } }, 'https://here').detail['additional-information'] as typeof build & { logs: unknown; artifact: unknown };
  expect(plain(information.logs)).toEqual({ 'deep-link': 'https://here/cloudwatch/home?region=us-west-2#logEvent:group=null;stream=null' });
  expect(plain(information.artifact)).toEqual({ location: '' });
});
