import { Slipway } from '@slipway/testkit';
import type { Aws } from '@slipway/testkit';

type Client = Aws['codecommit'];

/**
 * A repository under review: `main`, `feature` with one commit more and an open pull request of root's into `main`, a
 * closed one, and `bob`, who may approve. `other` is a second repository, with a branch too.
 */
export interface ReviewScene {
  readonly s: Slipway;
  /** As root, who wrote the pull requests. */
  readonly root: Client;
  readonly bob: Client;
  readonly bobArn: string;
  /** The tips of main and feature. */
  readonly main: string;
  readonly feature: string;
  /** The ids of an open and a closed pull request. */
  readonly open: string;
  readonly closed: string;
  readonly revision: string;
  /** Root's, on the open pull request; and one that was deleted. */
  readonly comment: string;
  readonly deleted: string;
}

export const rule = (needed: number, ...pool: string[]): string =>
  JSON.stringify({ Version: '2018-11-08', Statements: [{ Type: 'Approvers', NumberOfApprovalsNeeded: needed, ...pool.length > 0 ? { ApprovalPoolMembers: pool } : {} }] });

/** One commit on a branch; without a parent the repository's first. */
export async function put(client: Client, repositoryName: string, branchName: string, filePath: string, content: string, parentCommitId?: string): Promise<string> {
  const { commitId } = await client.putFile({ repositoryName, branchName, filePath, fileContent: Buffer.from(content), ...parentCommitId === undefined ? {} : { parentCommitId } });
  return commitId!;
}

/** A pull request from a new branch that adds one file to `main`. */
export async function propose(client: Client, repositoryName: string, branch: string, { destination = 'main', ...more }: { destination?: string; title?: string; description?: string } = {}) {
  const { branch: base } = await client.getBranch({ repositoryName, branchName: destination });
  await client.createBranch({ repositoryName, branchName: branch, commitId: base!.commitId! });
  const tip = await put(client, repositoryName, branch, `${branch}.txt`, `${branch}\n`, base!.commitId!);
  const { pullRequest } = await client.createPullRequest({ title: branch, ...more, targets: [{ repositoryName, sourceReference: branch, destinationReference: destination }] });
  return { id: pullRequest!.pullRequestId!, revision: pullRequest!.revisionId!, tip, base: base!.commitId!, pullRequest: pullRequest! };
}

export async function reviewScene(): Promise<ReviewScene> {
  const s = await Slipway.start();
  const root = s.aws.codecommit;
  const bob = await s.user('bob', { Action: ['codecommit:*', 'sns:*'], Resource: '*' });
  await root.createRepository({ repositoryName: 'site' });
  await root.createRepository({ repositoryName: 'other' });
  await put(root, 'other', 'main', 'a.txt', 'one\n');
  const main = await put(root, 'site', 'main', 'a.txt', 'one\ntwo\n');
  const { id: open, tip: feature, revision } = await propose(root, 'site', 'feature');
  const { id: closed } = await propose(root, 'site', 'dropped');
  await root.updatePullRequestStatus({ pullRequestId: closed, pullRequestStatus: 'CLOSED' });
  const post = async (): Promise<string> => {
    const { comment } = await root.postCommentForPullRequest({ pullRequestId: open, repositoryName: 'site', beforeCommitId: main, afterCommitId: feature, content: 'Hm.' });
    return comment!.commentId!;
  };
  const [comment, deleted] = [await post(), await post()];
  await root.deleteCommentContent({ commentId: deleted });
  return { s, root, bob: s.as(bob).codecommit, bobArn: bob.arn, main, feature, open, closed, revision, comment, deleted };
}
