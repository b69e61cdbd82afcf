import { describe, expect, test } from 'vitest';
import { netns, plain } from '@slipway/hosts';
import { startClone } from './support/clone.ts';
import { createDelivery, endOf, executionOf } from './support/delivery.ts';
import { createUser } from './support/identities.ts';
import { randomName, randomText } from './support/random.ts';
import { servedPage, siteFiles } from './support/site.ts';
import { useWorld } from './support/world.ts';

describe('From git push to five hosts of the best kind that this machine can make', () => {
  const world = useWorld();

  test('two pushes end on all five, one half after the other', async () => {
    const kind = (await netns.unavailable()) === undefined ? netns : plain;
    const delivery = await createDelivery(world(), { hosts: 5, kind, deploymentConfig: 'CodeDeployDefault.HalfAtATime' });
    const { branch, pipeline } = delivery.names;
    const developer = await createUser(world().aws, randomName('developer'), { Action: ['codecommit:GitPush'], Resource: `arn:aws:codecommit:*:*:${delivery.names.repository}` });
    const clone = await startClone(world(), { name: 'clone', url: delivery.cloneUrl, access: { helper: developer } });
    expect(new Set(delivery.hosts.map(({ address }) => address)).size).toBe(5);

    for (const page of [randomText(), randomText()]) {
      const commit = await clone.commit(siteFiles({ page }));
      await clone.push(branch);
      expect(await endOf(world(), pipeline, await executionOf(world(), pipeline, commit))).toBe('Succeeded');
      const served = await Promise.all(delivery.hosts.map(async ({ address }) => (await fetch(address)).text()));
      expect(served).toEqual(delivery.hosts.map(() => servedPage(page, commit)));
    }
  }, 180_000);
});
