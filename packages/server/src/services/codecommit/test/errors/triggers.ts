import { reviewScene } from '../review-scene.ts';
import type { ReviewScene } from '../review-scene.ts';
import type { ErrorGroup, Provocations } from './provocations.ts';

type Client = ReviewScene['root'];
type Trigger = NonNullable<Parameters<Client['putRepositoryTriggers']>[0]['triggers']>[number];
type Input = { repositoryName: string; triggers: Trigger[] };

const sound: Trigger = { name: 'team', destinationArn: 'arn:aws:sns:us-east-1:000000000000:team', events: ['all'] };

const configuring = (call: (client: Client, input: Input) => Promise<unknown>) => {
  const broken = (change: Partial<Trigger>) => ({ root }: ReviewScene) => call(root, { repositoryName: 'site', triggers: [{ ...sound, ...change }] });
  return {
    RepositoryNameRequired: ({ root }: ReviewScene) => call(root, { repositoryName: '', triggers: [sound] }),
    InvalidRepositoryName: ({ root }: ReviewScene) => call(root, { repositoryName: 'a b', triggers: [sound] }),
    RepositoryDoesNotExist: ({ root }: ReviewScene) => call(root, { repositoryName: 'nothing', triggers: [sound] }),
    MaximumRepositoryTriggersExceeded: ({ root }: ReviewScene) => call(root, { repositoryName: 'site', triggers: Array.from({ length: 11 }, (_, index) => ({ ...sound, name: `t${index}` })) }),
    RepositoryTriggerNameRequired: broken({ name: '' }),
    InvalidRepositoryTriggerName: broken({ name: 'a b' }),
    RepositoryTriggerDestinationArnRequired: broken({ destinationArn: '' }),
    InvalidRepositoryTriggerDestinationArn: broken({ destinationArn: 'arn:aws:lambda:us-east-1:000000000000:function:f' }),
    InvalidRepositoryTriggerRegion: broken({ destinationArn: 'arn:aws:sns:eu-west-1:000000000000:team' }),
    RepositoryTriggerEventsListRequired: broken({ events: [] }),
    InvalidRepositoryTriggerEvents: broken({ events: ['all', 'deleteReference'] }),
    InvalidRepositoryTriggerBranchName: broken({ branches: ['a..b'] }),
    MaximumBranchesExceeded: broken({ branches: Array.from({ length: 11 }, (_, index) => `b${index}`) }),
    InvalidRepositoryTriggerCustomData: broken({ customData: 'x'.repeat(1_001) }),
    RepositoryTriggerBranchNameListRequired: 'a trigger without branches is for all of them',
  };
};

const table: Provocations<ReviewScene> = {
  GetRepositoryTriggers: {
    RepositoryNameRequired: ({ root }) => root.getRepositoryTriggers({ repositoryName: '' }),
    InvalidRepositoryName: ({ root }) => root.getRepositoryTriggers({ repositoryName: 'a b' }),
    RepositoryDoesNotExist: ({ root }) => root.getRepositoryTriggers({ repositoryName: 'nothing' }),
  },
  PutRepositoryTriggers: {
    ...configuring((client, input) => client.putRepositoryTriggers(input)),
    RepositoryTriggersListRequired: 'an empty list deletes all triggers, and a missing one is the wire\'s to refuse',
  },
  TestRepositoryTriggers: {
    ...configuring((client, input) => client.testRepositoryTriggers(input)),
    RepositoryTriggersListRequired: ({ root }) => root.testRepositoryTriggers({ repositoryName: 'site', triggers: [] }),
  },
};

export const triggers: ErrorGroup<ReviewScene> = { open: reviewScene, close: ({ s }) => s.stop(), table };
