import { constrain } from '../../kernel/constraints.ts';
import { fail } from './fail.ts';

/** CodePipeline User Guide, "Quotas in AWS CodePipeline". */
export const MAX_STAGES = 50;
export const MAX_ACTIONS_PER_STAGE = 100;
export const MAX_ACTIONS = 1000;
export const MAX_QUEUED = 50;
export const MAX_PARALLEL = 50;
export const MAX_RUN_ORDER = 999;
/** Artifact keys: at most this much of the pipeline's and the artifact's name. */
export const KEY_PIPELINE = 20;
export const KEY_ARTIFACT = 10;
export const APPROVAL_MINUTES = [5, 86_400] as const;

const NAME = { shortest: 1, longest: 100, pattern: '[A-Za-z0-9.@\\-_]+' };
const ARTIFACT = { shortest: 1, longest: 100, pattern: '[a-zA-Z0-9_\\-]+' };
const NAMESPACE = { shortest: 1, longest: 100, pattern: '[A-Za-z0-9@\\-_]+' };
const ROLE = { shortest: 1, longest: 1024, pattern: 'arn:aws(-[\\w]+)*:iam::[0-9]{12}:role/.*' };
const TOKEN = { shortest: 1, longest: 128, pattern: '[a-zA-Z0-9-]+' };
const EXECUTION = { pattern: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}' };
const REASON = { shortest: 1, longest: 300, pattern: '[a-zA-Z0-9!@ \\(\\)\\.\\*\\?\\-]+' };

const STAGE = 'pipeline.stages.*.member';
const ACTION = `${STAGE}.actions.*.member`;

/** What AWS's model constrains beyond types, in AWS's words. */
export const validate = constrain({
  '*': {
    name: NAME, pipelineName: NAME, stageName: NAME, actionName: NAME,
    'pipeline.name': NAME, [`${STAGE}.name`]: NAME, [`${ACTION}.name`]: NAME, [`${ACTION}.namespace`]: NAMESPACE,
    [`${ACTION}.inputArtifacts.*.member.name`]: ARTIFACT, [`${ACTION}.outputArtifacts.*.member.name`]: ARTIFACT,
    'pipeline.roleArn': ROLE, [`${ACTION}.roleArn`]: ROLE,
    pipelineExecutionId: EXECUTION, clientRequestToken: TOKEN, maxResults: { least: 1, most: 1000 },
  },
  DisableStageTransition: { reason: REASON },
}, (message) => fail('ValidationException', message));
