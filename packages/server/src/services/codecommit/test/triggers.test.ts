import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@slipway/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { limits } from '../limits.ts';
import { gitClient } from './git-client.ts';
import { ada, openHouse, place } from './house.ts';
import type { House } from './house.ts';
import { concerning, triggerMessages } from '../triggers/message.ts';

interface Published {
  readonly caller: Caller;
  readonly input: { readonly TopicArn?: string; readonly Subject?: string; readonly Message: string };
  readonly once: string | undefined;
}

const topic = `arn:aws:sns:us-east-1:${place.account}:team`;
const none = '0'.repeat(40);

describe('triggers', () => {
  let house: House;
  let clock: FakeClock;
  let published: Published[];
  let refusal: Error | undefined;

  beforeEach(async () => {
    published = [];
    refusal = undefined;
    clock = new FakeClock();
    const peers = {
      as: (caller: Caller) => ({
        sns: {
          async Publish(input: Published['input'], options: { once?: string }) {
            if (refusal) throw refusal;
            published.push({ caller, input, once: options.once });
            return { MessageId: '1' };
          },
        },
      }),
    } as unknown as Peers;
    house = await openHouse({ clock, peers });
    await house.call('CreateRepository', { repositoryName: 'site' });
  });
  afterEach(() => house.close());

  const put = async (branchName: string, content: string, parentCommitId?: string) =>
    (await house.call('PutFile', { repositoryName: 'site', branchName, filePath: 'a', fileContent: Buffer.from(content), ...parentCommitId === undefined ? {} : { parentCommitId } })).commitId;
  const configure = (...triggers: { name: string; events: ('all' | 'createReference' | 'updateReference' | 'deleteReference')[]; branches?: string[]; customData?: string }[]) =>
    house.call('PutRepositoryTriggers', { repositoryName: 'site', triggers: triggers.map((trigger) => ({ destinationArn: topic, ...trigger })) });
  const said = async () => {
    await house.jobs.idle();
    return published.map(({ input }) => (JSON.parse(input.Message) as { Records: [{ eventTriggerName: string; codecommit: { references: { ref: string }[] } }] }).Records[0]);
  };

  it('PutRepositoryTriggers: replaces all of them, under another configuration id', async () => {
    expect(await house.call('GetRepositoryTriggers', { repositoryName: 'site' })).toEqual({ triggers: [] });
    const first = await configure({ name: 'one', events: ['all'], branches: ['main'], customData: 'x' });
    const second = await configure({ name: 'two', events: ['all'] });
    expect(first.configurationId).not.toBe(second.configurationId);
    expect(await house.call('GetRepositoryTriggers', { repositoryName: 'site' })).toEqual({ configurationId: second.configurationId, triggers: [{ name: 'two', destinationArn: topic, events: ['all'] }] });
  });

  it('tell a topic what moved, in AWS\'s words, as CodeCommit on behalf of the repository', async () => {
    const { configurationId } = await configure({ name: 'all', events: ['all'], customData: 'build it' });
    const commit = await put('main', '1');
    expect(await said()).toEqual([{
      awsRegion: 'us-east-1',
      codecommit: { references: [{ commit, created: true, ref: 'refs/heads/main' }] },
      customData: 'build it',
      eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      eventName: 'ReferenceChanges',
      eventPartNumber: 1,
      eventSource: 'aws:codecommit',
      eventSourceARN: `arn:aws:codecommit:us-east-1:${place.account}:site`,
      eventTime: new Date(clock.now()).toISOString().replace('Z', '+0000'),
      eventTotalParts: 1,
      eventTriggerConfigId: configurationId,
      eventTriggerName: 'all',
      eventVersion: '1.0',
      userIdentityARN: ada.arn,
    }]);
    expect(published[0]).toMatchObject({
      caller: { kind: 'service', arn: 'codecommit.amazonaws.com', account: place.account, sourceArn: `arn:aws:codecommit:us-east-1:${place.account}:site` },
      input: { TopicArn: topic, Subject: 'CREATE: AWS CodeCommit us-east-1 push: site' }, once: expect.any(String),
    });
  });

  it('fire for their events and branches alone', async () => {
    await configure(
      { name: 'created', events: ['createReference'] }, { name: 'updated', events: ['updateReference'] }, { name: 'deleted', events: ['deleteReference'] },
      { name: 'next', events: ['all'], branches: ['next'] },
    );
    const first = await put('main', '1');
    const second = await put('main', '2', first);
    await house.call('CreateBranch', { repositoryName: 'site', branchName: 'next', commitId: second });
    await house.call('DeleteBranch', { repositoryName: 'site', branchName: 'next' });
    const fired = (await said()).map(({ eventTriggerName: name, codecommit: { references } }) => `${name} ${references[0]!.ref}`);
    expect(fired.toSorted()).toEqual(['created refs/heads/main', 'created refs/heads/next', 'deleted refs/heads/next', 'next refs/heads/next', 'next refs/heads/next', 'updated refs/heads/main']);
  });

  it('tell one push of several references in one message, tags included', async () => {
    await configure({ name: 'all', events: ['all'] });
    const folder = await mkdtemp(join(tmpdir(), 'slipway-triggers-'));
    const local = gitClient(folder);
    await local('init', '-q', '-b', 'main');
    await writeFile(join(folder, 'a'), '1');
    await local('add', '.');
    await local('commit', '-qm', 'One');
    await local('branch', 'next');
    await local('tag', 'v1');
    expect(await local('push', house.url('site'), 'main', 'next', 'v1')).toMatchObject({ code: 0 });
    const [message, ...more] = await said();
    expect(message?.codecommit.references.map(({ ref }) => ref).toSorted()).toEqual(['refs/heads/main', 'refs/heads/next', 'refs/tags/v1']);
    expect(more).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it('try again what fails in passing, under the same key, and drop what is refused', async () => {
    await configure({ name: 'all', events: ['all'] });
    refusal = new Error('the machine is on fire');
    const first = await put('main', '1');
    await house.jobs.idle();
    expect(published).toEqual([]);
    refusal = undefined;
    await clock.advance(60_000);
    expect(await said()).toHaveLength(1);

    refusal = new ServiceError('NotFoundException', 'Topic does not exist');
    await put('main', '2', first);
    await house.jobs.idle();
    refusal = undefined;
    await clock.advance(60_000);
    expect(await said()).toHaveLength(1);
  });

  it('TestRepositoryTriggers: sends the tip of a branch, and says which destination refused', async () => {
    const trigger = { name: 'all', destinationArn: topic, events: ['all' as const], branches: [] };
    const test = () => house.call('TestRepositoryTriggers', { repositoryName: 'site', triggers: [trigger] });
    expect(await test()).toEqual({ successfulExecutions: ['all'], failedExecutions: [] });
    const commit = await put('main', '1');
    await test();
    expect((await said()).map(({ codecommit }) => codecommit.references)).toEqual([[{ commit: none, ref: 'refs/heads/main' }], [{ commit, ref: 'refs/heads/main' }]]);
    expect(JSON.parse(published[0]!.input.Message)).toMatchObject({ Records: [{ eventName: 'TriggerEventTest', customData: null }] });
    refusal = new ServiceError('AuthorizationErrorException', 'not authorized to perform: SNS:Publish');
    expect(await test()).toEqual({ successfulExecutions: [], failedExecutions: [{ trigger: 'all', failureMessage: 'not authorized to perform: SNS:Publish' }] });
  });

  it('a push too long for one message comes in numbered parts', () => {
    const moved = Array.from({ length: limits.referencesPerTriggerMessage + 1 }, (_, index) => ({ ref: `refs/heads/${String(index).padStart(256, 'b')}`, old: none, new: '1'.repeat(40) }));
    const trigger = { name: 'all', destinationArn: topic, events: ['all' as const] };
    const facts = { repository: { ...place, repository_id: 'r', name: 'n'.repeat(100) }, configurationId: 'c', trigger, userArn: ada.arn, at: 0, eventName: 'ReferenceChanges', eventId: 'e' } as unknown as Parameters<typeof triggerMessages>[0];
    const messages = triggerMessages(facts, concerning(trigger, moved));
    expect(messages.map(({ body }) => (JSON.parse(body) as { Records: [{ eventPartNumber: number; eventTotalParts: number }] }).Records[0])).toMatchObject([{ eventPartNumber: 1, eventTotalParts: 2 }, { eventPartNumber: 2, eventTotalParts: 2 }]);
    for (const { subject, body } of messages) {
      expect(subject.length).toBeLessThan(100);
      expect(Buffer.byteLength(body)).toBeLessThan(256 * 1_024);
    }
    expect(triggerMessages(facts, [])).toEqual([]);
  });
});
