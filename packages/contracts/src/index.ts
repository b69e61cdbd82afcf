/** The face of the contracts: their form, the operations' types, and the contracts themselves. */
import { readFileSync } from 'node:fs';
import type { GeneratedApis } from '../gen/index.ts';
import type { Contract } from './contract.ts';
import { codeCommitMirroring } from './handwritten/codecommit-mirroring.ts';
import type { CodeCommitMirroringApi } from './handwritten/codecommit-mirroring.ts';
import { codeDeployCommands } from './handwritten/codedeploy-commands.ts';
import type { CodeDeployCommandsApi } from './handwritten/codedeploy-commands.ts';

export type * from './contract.ts';
export type {
  CloudWatchApi, CloudWatchLogsApi, CodeBuildApi, CodeCommitApi, CodeDeployApi, CodePipelineApi, EventBridgeApi, IAMApi, S3Api, SecretsManagerApi, SNSApi,
  SQSApi, SSMApi, STSApi,
} from '../gen/index.ts';
export type { CodeCommitMirroringApi, CodeDeployCommandsApi };
export type { MirrorDirection, MirrorStatus, PutRepositoryMirrorInput, RepositoryMirror } from './handwritten/codecommit-mirroring.ts';

/**
 * Every service's operations, by room. The shapes of one service are importable as a subpath:
 * `import type { Project } from '@slipway/contracts/codebuild'`.
 */
export interface Apis extends GeneratedApis {
  'codecommit-mirroring': CodeCommitMirroringApi;
  'codedeploy-commands': CodeDeployCommandsApi;
}

const loaded = new Map<string, Contract>([codeCommitMirroring, codeDeployCommands].map((contract) => [contract.service, contract]));

/** A service's contract, read on first use. Generated contracts lie in `gen/`, beside the sources as beside the published bundle. */
export function loadContract(service: keyof Apis): Contract {
  let contract = loaded.get(service);
  if (contract === undefined) {
    contract = JSON.parse(readFileSync(new URL(`../gen/${service}.json`, import.meta.url), 'utf8')) as Contract;
    loaded.set(service, contract);
  }
  return contract;
}
