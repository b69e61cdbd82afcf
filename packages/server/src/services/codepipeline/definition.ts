import type { ActionDeclaration, PipelineDeclaration, StageDeclaration } from '@slipway/contracts/codepipeline';
import { refuseMembers } from '../../kernel/refusals.ts';
import { APPROVAL_MINUTES, MAX_ACTIONS, MAX_ACTIONS_PER_STAGE, MAX_RUN_ORDER, MAX_STAGES } from './limits.ts';
import { fail } from './fail.ts';
import type { Provider, Providers } from './providers/index.ts';
import { references } from './variables.ts';

const structure = (message: string) => fail('InvalidStructureException', message);
const invalidStage = (message: string) => fail('InvalidStageDeclarationException', message);
const invalidAction = (message: string) => fail('InvalidActionDeclarationException', message);

/** Throws what AWS answers to a declaration that is not a pipeline, or what names the part that is not honoured yet. */
export function checkDefinition(pipeline: PipelineDeclaration, providers: Providers, region: string): void {
  checkPipeline(pipeline);
  const seen: Seen = { outputs: new Set(), namespaces: new Set(pipeline.variables ? ['variables', 'codepipeline'] : ['codepipeline']) };
  pipeline.stages.forEach((stage, index) => checkStage(stage, index, { pipeline, providers, region, seen }));
}

/** The declaration as AWS shows it back: defaults filled in, lists present. */
export function normalised(pipeline: PipelineDeclaration, version: number): PipelineDeclaration {
  return {
    ...pipeline, version, executionMode: pipeline.executionMode ?? 'SUPERSEDED', pipelineType: pipeline.pipelineType ?? 'V1',
    stages: pipeline.stages.map((stage) => ({
      ...stage,
      actions: stage.actions.map((action) => ({
        ...action, runOrder: action.runOrder ?? 1, configuration: action.configuration ?? {},
        inputArtifacts: action.inputArtifacts ?? [], outputArtifacts: action.outputArtifacts ?? [],
      })),
    })),
  };
}

interface Seen { readonly outputs: Set<string>; readonly namespaces: Set<string> }
interface Context { readonly pipeline: PipelineDeclaration; readonly providers: Providers; readonly region: string; readonly seen: Seen }

function checkPipeline(pipeline: PipelineDeclaration): void {
  const { stages } = pipeline;
  refuseMembers(pipeline, ['artifactStores'], (name) => structure(`${name} is not supported by Slipway yet: use artifactStore`));
  if (pipeline.artifactStore === undefined) throw structure('Pipeline must have an artifactStore');
  refuseMembers(pipeline.artifactStore, ['encryptionKey'], (name) => structure(`artifactStore.${name} is not supported by Slipway yet`));
  refuseMembers(pipeline, ['triggers'], (name) => structure(`${name} is not supported by Slipway yet`));
  const v1 = (pipeline.pipelineType ?? 'V1') === 'V1';
  if (v1 && (pipeline.executionMode ?? 'SUPERSEDED') !== 'SUPERSEDED') throw structure(`Execution mode ${pipeline.executionMode} is available only for pipelines of type V2`);
  if (v1 && (pipeline.variables ?? []).length > 0) throw structure('Pipeline-level variables are available only for pipelines of type V2');
  if (stages.length < 2) throw structure(`Pipeline has only ${stages.length} stage(s). There should be a minimum of 2 stages in a pipeline`);
  if (stages.length > MAX_STAGES) throw fail('LimitExceededException', `Pipeline has ${stages.length} stages, which exceeds the maximum of ${MAX_STAGES}`);
  if (stages.reduce((sum, stage) => sum + stage.actions.length, 0) > MAX_ACTIONS) throw fail('LimitExceededException', `Pipeline has more than ${MAX_ACTIONS} actions`);
  if (stages[0]?.actions.some((action) => action.actionTypeId.category !== 'Source')) throw structure('Pipeline should start with a stage that only contains source actions');
  const twice = repeated(stages.map((stage) => stage.name));
  if (twice !== undefined) throw structure(`Stage name must be unique within the pipeline. ${twice} has been used more than once.`);
  const variable = repeated((pipeline.variables ?? []).map((it) => it.name));
  if (variable !== undefined) throw structure(`Variable name must be unique within the pipeline. ${variable} has been used more than once.`);
}

function checkStage(stage: StageDeclaration, index: number, context: Context): void {
  const notSupported = (name: string): string => `${name} of stage ${stage.name} is not supported by Slipway yet`;
  refuseMembers(stage, ['onFailure', 'onSuccess', 'beforeEntry'], (name) => invalidStage(notSupported(name)));
  refuseMembers(stage, ['blockers'], (name) => fail('InvalidBlockerDeclarationException', notSupported(name)));
  if (stage.actions.length === 0) throw invalidStage(`Stage ${stage.name} must have at least one action`);
  if (stage.actions.length > MAX_ACTIONS_PER_STAGE) throw fail('LimitExceededException', `Stage ${stage.name} has more than ${MAX_ACTIONS_PER_STAGE} actions`);
  const twice = repeated(stage.actions.map((action) => action.name));
  if (twice !== undefined) throw invalidStage(`Action name must be unique within the stage. ${twice} has been used more than once in stage ${stage.name}.`);
  // An action sees what actions of lower run orders put out, never what runs beside it does.
  const groups = groupByRunOrder(stage.actions);
  for (const actions of groups) {
    for (const action of actions) checkAction(action, stage, index, context);
    for (const action of actions) addOutputs(action, context.seen);
  }
}

function checkAction(action: ActionDeclaration, stage: StageDeclaration, stageIndex: number, { pipeline, providers, region, seen }: Context): void {
  const { category, owner, provider, version } = action.actionTypeId;
  const found = providers(action.actionTypeId);
  if (found === undefined) {
    throw invalidAction(`ActionType (Category: '${category}', Provider: '${provider}', Owner: '${owner}', Version: '${version}') in action '${action.name}' is not available in region ${region.toUpperCase().replaceAll('-', '_')}: it is not supported by Slipway yet`);
  }
  if (category === 'Source' && stageIndex > 0) throw structure(`Pipeline stage ${stage.name} contains the source action ${action.name}: only the first stage may contain source actions`);
  refuseMembers(action, ['commands', 'outputVariables', 'environmentVariables', 'roleArn'], (name) => invalidAction(`${name} of action ${action.name} is not supported by Slipway yet`));
  if (action.region !== undefined && action.region !== region) throw invalidAction(`region of action ${action.name} is not supported by Slipway yet when it is not the pipeline's`);
  const { runOrder = 1, timeoutInMinutes } = action;
  if (runOrder < 1 || runOrder > MAX_RUN_ORDER) throw invalidAction(`Run order ${runOrder} of action ${action.name} must be from 1 to ${MAX_RUN_ORDER}`);
  if (timeoutInMinutes !== undefined) checkTimeout(action, timeoutInMinutes);
  checkArtifacts(action, found, seen);
  checkConfiguration(action, found);
  checkReferences(action, pipeline, seen);
}

function checkTimeout(action: ActionDeclaration, minutes: number): void {
  const [least, most] = APPROVAL_MINUTES;
  if (action.actionTypeId.category !== 'Approval') throw invalidAction(`timeoutInMinutes of action ${action.name} is available only for manual approval actions`);
  if (minutes < least || minutes > most) throw invalidAction(`timeoutInMinutes of action ${action.name} must be from ${least} to ${most}`);
}

function checkArtifacts(action: ActionDeclaration, provider: Provider, seen: Seen): void {
  const inputs = (action.inputArtifacts ?? []).map((it) => it.name);
  const outputs = (action.outputArtifacts ?? []).map((it) => it.name);
  count(action, 'input', inputs.length, provider.inputs);
  count(action, 'output', outputs.length, provider.outputs);
  const missing = inputs.find((name) => !seen.outputs.has(name));
  if (missing !== undefined) throw structure(`Input Artifact Bundle ${missing} in action ${action.name} is not declared as Output Artifact Bundle in any of the preceding actions`);
  const twice = repeated(inputs);
  if (twice !== undefined) throw invalidAction(`Action ${action.name} declares the input artifact ${twice} more than once`);
  for (const output of action.outputArtifacts ?? []) refuseMembers(output, ['files'], (name) => invalidAction(`${name} of output artifacts of action ${action.name} is not supported by Slipway yet`));
}

function addOutputs(action: ActionDeclaration, seen: Seen): void {
  for (const { name } of action.outputArtifacts ?? []) {
    if (seen.outputs.has(name)) throw structure(`Output Artifact Bundle name must be unique within the pipeline. ${name} has been used more than once.`);
    seen.outputs.add(name);
  }
  const { namespace } = action;
  if (namespace === undefined) return;
  if (seen.namespaces.has(namespace)) throw structure(`Namespace must be unique within the pipeline. ${namespace} has been used more than once.`);
  seen.namespaces.add(namespace);
}

function count(action: ActionDeclaration, kind: 'input' | 'output', given: number, [least, most]: readonly [number, number]): void {
  if (given < least) throw invalidAction(`Action ${action.name} declares ${given} ${kind} artifacts which is less than the minimum count (${least}) for this provider`);
  if (given > most) throw invalidAction(`Action ${action.name} declares ${given} ${kind} artifacts which exceeds the maximum count (${most}) for this provider`);
}

function checkConfiguration(action: ActionDeclaration, provider: Provider): void {
  const configuration = action.configuration ?? {};
  for (const [key, text] of Object.entries(configuration)) {
    const known = provider.configuration[key];
    if (known === undefined) throw invalidAction(`Action configuration for action '${action.name}' contains unknown configuration '${key}'`);
    if (known.values && !known.values.includes(text) && references(text).length === 0) {
      throw invalidAction(`Action configuration for action '${action.name}' has the value '${text}' for '${key}', which is not supported by Slipway: use ${known.values.join(' or ')}`);
    }
  }
  const missing = Object.entries(provider.configuration).find(([key, { required }]) => required && !configuration[key]);
  if (missing) throw invalidAction(`Action configuration for action '${action.name}' is missing required configuration '${missing[0]}'`);
  const wrong = provider.check?.(configuration, (action.inputArtifacts ?? []).map((it) => it.name));
  if (wrong !== undefined) throw invalidAction(`Action configuration for action '${action.name}' is not valid: ${wrong}`);
}

function checkReferences(action: ActionDeclaration, pipeline: PipelineDeclaration, seen: Seen): void {
  for (const { namespace, name } of Object.values(action.configuration ?? {}).flatMap((text) => references(text))) {
    if (!seen.namespaces.has(namespace)) throw invalidAction(`Action configuration for action '${action.name}' refers to the namespace '${namespace}', which no preceding action declares`);
    if (namespace === 'variables' && !pipeline.variables?.some((it) => it.name === name)) throw invalidAction(`Action configuration for action '${action.name}' refers to the undeclared variable '${name}'`);
  }
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}

function groupByRunOrder(actions: readonly ActionDeclaration[]): ActionDeclaration[][] {
  const orders = [...new Set(actions.map((action) => action.runOrder ?? 1))].toSorted((a, b) => a - b);
  return orders.map((order) => actions.filter((action) => (action.runOrder ?? 1) === order));
}
