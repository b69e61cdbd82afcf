import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gitClient } from './git-client.ts';
import { ada, openHouse } from './house.ts';

describe('a push to a source branch', () => {
  it('makes another revision of its pull request, and one that fast-forwards the destination merges it', async () => {
    const house = await openHouse();
    const folder = await mkdtemp(join(tmpdir(), 'slipway-reviews-'));
    try {
      await house.call('CreateRepository', { repositoryName: 'site' });
      const local = gitClient(folder);
      await local('init', '-q', '-b', 'main');
      await local('commit', '-q', '--allow-empty', '-m', 'One');
      await local('switch', '-qc', 'feature');
      await local('commit', '-q', '--allow-empty', '-m', 'Two');
      await local('push', house.url('site'), 'main', 'feature');
      const { pullRequest } = await house.call('CreatePullRequest', { title: 'Two', targets: [{ repositoryName: 'site', sourceReference: 'feature' }] });
      const get = async () => (await house.call('GetPullRequest', { pullRequestId: pullRequest.pullRequestId! })).pullRequest;

      await local('commit', '-q', '--amend', '--allow-empty', '-m', 'Two, better');
      expect(await local('push', '--force', house.url('site'), 'feature')).toMatchObject({ code: 0 });
      const tip = (await local('rev-parse', 'HEAD')).stdout.trim();
      expect(await get()).toMatchObject({ pullRequestStatus: 'OPEN', pullRequestTargets: [{ sourceCommit: tip }] });
      expect((await get()).revisionId).not.toBe(pullRequest.revisionId);

      expect(await local('push', house.url('site'), 'feature:main')).toMatchObject({ code: 0 });
      expect(await get()).toMatchObject({ pullRequestStatus: 'CLOSED', pullRequestTargets: [{ mergeMetadata: { isMerged: true, mergedBy: ada.arn, mergeCommitId: tip, mergeOption: 'FAST_FORWARD_MERGE' } }] });
    } finally {
      await rm(folder, { recursive: true });
      await house.close();
    }
  });
});
