import type { ActionTypeId } from '@slipway/contracts/codepipeline';
import type { GitSources } from '../../../git/ports.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { manualApproval } from './approval-manual.ts';
import { codeBuildBuild } from './build-codebuild.ts';
import { codeDeployDeploy } from './deploy-codedeploy.ts';
import { s3Deploy } from './deploy-s3.ts';
import type { Provider } from './provider.ts';
import { codeCommitSource } from './source-codecommit.ts';
import { s3Source } from './source-s3.ts';

export type { ActionRun, Progress, Provider } from './provider.ts';

export type Providers = (type: ActionTypeId) => Provider | undefined;

/** Every action type that pipelines may use. */
export function createProviders(deps: { peers: Peers; git: Pick<GitSources, 'openArchive'> }): Providers {
  const all = [codeCommitSource(deps), s3Source(deps), codeBuildBuild(deps), codeBuildBuild(deps, 'Test'), codeDeployDeploy(deps), s3Deploy(deps), manualApproval];
  return ({ category, owner, provider, version }) =>
    all.find((it) => it.category === category && it.provider === provider && owner === 'AWS' && version === '1');
}
