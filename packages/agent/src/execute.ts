import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseAppSpec } from './appspec.ts';
import type { AppSpec, Script } from './appspec.ts';
import type { AgentConfig } from './config.ts';
import { succeeded } from './diagnostics.ts';
import type { Diagnostics } from './diagnostics.ts';
import { download } from './download.ts';
import { runHooks } from './hooks.ts';
import { install } from './install.ts';
import { archiveOf, bundleOf, layoutOf, readIfThere, removeOldRevisions, scriptsLogOf } from './layout.ts';
import { HOOK_EVENTS, isHookEvent, runsFromLastSuccessful } from './lifecycle.ts';
import type { HookEvent } from './lifecycle.ts';
import type { DeploymentSpecification } from './specification.ts';
import { unpack } from './unpack.ts';

/** Performs lifecycle events on this host. */
export interface Executor {
  /** Whether the event has nothing to do, so that the server may skip it. An AppSpec that does not parse is something to do: to fail. */
  isNoop(event: string, spec: DeploymentSpecification): Promise<boolean>;
  /** Throws what failed; see `diagnosticsOf`. */
  perform(event: string, spec: DeploymentSpecification, signal: AbortSignal): Promise<Diagnostics>;
}

export function executor(config: AgentConfig): Executor {
  const layout = layoutOf(config.rootDir);
  const place = (path: string): string => (config.pathPrefix === '' ? resolve('/', path) : join(config.pathPrefix, resolve('/', path)));
  const folderOf = (spec: DeploymentSpecification): string => layout.deployment(spec.deploymentGroupId, spec.deploymentId);

  /** The deployment whose scripts serve this event; undefined for a first deployment's ApplicationStop. */
  const sourceOf = (event: HookEvent, spec: DeploymentSpecification): Promise<string | undefined> =>
    runsFromLastSuccessful(event) ? layout.lastSuccessful(spec.deploymentGroupId) : Promise.resolve(folderOf(spec));

  const downloadBundle = async (spec: DeploymentSpecification, signal: AbortSignal): Promise<Diagnostics> => {
    const folder = folderOf(spec);
    await mkdir(folder, { recursive: true });
    await removeOldRevisions(layout, dirname(folder), spec.deploymentGroupId, folder);
    await download(config, spec.revision, bundleOf(folder), signal);
    await unpack(bundleOf(folder), spec.revision.bundleType, archiveOf(folder));
    await readAppSpec(archiveOf(folder), spec);
    await layout.setMostRecent(spec.deploymentGroupId, folder);
    return succeeded('');
  };

  const installRevision = async (spec: DeploymentSpecification): Promise<Diagnostics> => {
    const folder = folderOf(spec);
    const appSpec = await readAppSpec(archiveOf(folder), spec);
    await install({
      appSpec, place, archive: archiveOf(folder), cleanupList: layout.cleanupList(spec.deploymentGroupId),
      behavior: spec.fileExistsBehavior ?? appSpec.fileExistsBehavior ?? 'DISALLOW',
    });
    await layout.setLastSuccessful(spec.deploymentGroupId, folder);
    return succeeded('');
  };

  const runEvent = async (event: HookEvent, spec: DeploymentSpecification, signal: AbortSignal): Promise<Diagnostics> => {
    const source = await sourceOf(event, spec);
    const scripts = await scriptsOf(event, source, spec);
    if (source === undefined || scripts.length === 0) return succeeded('');
    const log = await runHooks({
      event, scripts, signal,
      deploymentId: spec.deploymentId,
      archive: archiveOf(source),
      scriptsLog: scriptsLogOf(source),
      deploymentsLog: layout.deploymentsLog,
      workingDirectory: config.rootDir,
      environment: environmentOf(event, spec, config),
    });
    return succeeded(log);
  };

  return {
    async isNoop(event, spec) {
      if (!isHookEvent(event)) return false;
      const source = await sourceOf(event, spec);
      return scriptsOf(event, source, spec).then((scripts) => scripts.length === 0, () => false);
    },
    perform(event, spec, signal) {
      if (event === 'DownloadBundle') return downloadBundle(spec, signal);
      if (event === 'Install') return installRevision(spec);
      if (isHookEvent(event)) return runEvent(event, spec, signal);
      throw new Error(`Unsupported command type: ${event}. Accepted: DownloadBundle, Install, ${HOOK_EVENTS.join(', ')}.`);
    },
  };
}

async function scriptsOf(event: HookEvent, folder: string | undefined, spec: DeploymentSpecification): Promise<readonly Script[]> {
  return folder === undefined ? [] : (await readAppSpec(archiveOf(folder), spec)).hooks[event] ?? [];
}

/** `appspec.yml`, or `appspec.yaml` where that is missing, unless the deployment names another. */
async function readAppSpec(archive: string, spec: DeploymentSpecification): Promise<AppSpec> {
  const named = spec.appSpecFilename;
  if (named !== undefined) {
    if (named.split('/').includes('..')) throw new Error(`The AppSpec file's name leads out of the bundle: ${named}`);
    return parseAppSpec(await readFile(join(archive, named), 'utf8'), named);
  }
  for (const name of ['appspec.yml', 'appspec.yaml']) {
    const text = await readIfThere(join(archive, name));
    if (text !== undefined) return parseAppSpec(text, name);
  }
  throw new Error('The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at revision-relative path "appspec.yml".');
}

function environmentOf(event: HookEvent, spec: DeploymentSpecification, config: AgentConfig): Record<string, string> {
  const { revision } = spec;
  return {
    LIFECYCLE_EVENT: event,
    DEPLOYMENT_ID: spec.deploymentId,
    APPLICATION_NAME: spec.applicationName,
    DEPLOYMENT_GROUP_NAME: spec.deploymentGroupName,
    DEPLOYMENT_GROUP_ID: spec.deploymentGroupId,
    BUNDLE_BUCKET: revision.bucket,
    BUNDLE_KEY: revision.key,
    ...(revision.version === undefined ? {} : { BUNDLE_VERSION: revision.version }),
    ...(revision.etag === undefined ? {} : { BUNDLE_ETAG: revision.etag }),
    SLIPWAY_HOST_ROOT: config.pathPrefix,
    AWS_REGION: config.region,
    AWS_DEFAULT_REGION: config.region,
    AWS_ENDPOINT_URL: config.endpoint,
  };
}
