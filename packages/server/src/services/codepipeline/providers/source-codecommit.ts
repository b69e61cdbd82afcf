import type { GitSources } from '../../../git/ports.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { BOOLEAN, value } from './provider.ts';
import type { Provider } from './provider.ts';

/** A commit of a CodeCommit branch, as a zip of its files. */
export function codeCommitSource({ peers, git }: { peers: Peers; git: Pick<GitSources, 'openArchive'> }): Provider {
  return {
    category: 'Source', provider: 'CodeCommit', inputs: [0, 0], outputs: [1, 1], timeoutMinutes: 60,
    configuration: {
      RepositoryName: { required: true }, BranchName: { required: true },
      PollForSourceChanges: { values: BOOLEAN }, OutputArtifactFormat: { values: ['CODE_ZIP'] },
    },

    async start(run) {
      const [repositoryName, branchName] = [value(run.configuration, 'RepositoryName'), value(run.configuration, 'BranchName')];
      const codecommit = peers.as(run.role).codecommit;
      const branch = run.override === undefined ? (await codecommit.GetBranch({ repositoryName, branchName }, { region: run.region, signal: run.signal })).branch : undefined;
      const commitId = run.override?.revisionValue ?? branch?.commitId;
      if (commitId === undefined) return { status: 'Failed', code: 'RevisionUnavailable', message: `The branch ${branchName} of ${repositoryName} has no commit.` };
      const { commit } = await codecommit.GetCommit({ repositoryName, commitId }, { region: run.region, signal: run.signal });
      const [output] = run.outputs;
      if (output === undefined) throw new Error('a source action has an output');
      const zip = await git.openArchive({ caller: run.role, account: run.account, region: run.region, repositoryName, commitId });
      await peers.as(run.role).s3.PutObject({ Bucket: output.bucket, Key: output.key, Body: zip, ContentType: 'application/zip' }, { region: run.region, signal: run.signal });
      const message = (commit.message ?? '').trimEnd();
      return {
        status: 'Succeeded', externalId: commitId, summary: message,
        revision: { id: commitId, summary: message, created: date(commit.committer?.date) },
        variables: {
          RepositoryName: repositoryName, BranchName: branchName, CommitId: commitId, CommitMessage: message,
          AuthorDate: isoDate(commit.author?.date), CommitterDate: isoDate(commit.committer?.date),
        },
      };
    },

    source: {
      subject: (at, configuration) => ({ kind: 'codecommit/ref', ...at, id: `${configuration.RepositoryName}:refs/heads/${configuration.BranchName}` }),
      async newest({ role, region, configuration }) {
        const request = { repositoryName: value(configuration, 'RepositoryName'), branchName: value(configuration, 'BranchName') };
        return (await peers.as(role).codecommit.GetBranch(request, { region })).branch?.commitId ?? '';
      },
    },
  };
}

/** Git's `1484167798 -0800` in ms UTC. */
function date(text: string | undefined): number | undefined {
  const seconds = Number.parseInt(text ?? '', 10);
  return Number.isNaN(seconds) ? undefined : seconds * 1000;
}

function isoDate(text: string | undefined): string {
  const time = date(text);
  return time === undefined ? '' : new Date(time).toISOString().replace('.000Z', 'Z');
}
