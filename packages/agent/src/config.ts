import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { parse } from 'yaml';
import { fileCredentials, staticCredentials } from './credentials.ts';
import type { CredentialSource } from './credentials.ts';

/** Everything the agent needs to know, from its own JSON file or from the files of AWS's agent. */
export interface AgentConfig {
  /** Base URL of the host commands' API. */
  readonly endpoint: string;
  /** Base URL of S3, asked path style. */
  readonly s3Endpoint: string;
  readonly region: string;
  /** The ARN under which the host is registered. */
  readonly hostIdentifier: string;
  readonly credentials: CredentialSource;
  /** Holds revisions, logs and the record of running commands. */
  readonly rootDir: string;
  /**
   * A folder under which the AppSpec's absolute paths are placed, on a host that shares its file system with others;
   * empty on a host of its own. Scripts see it as SLIPWAY_HOST_ROOT.
   */
  readonly pathPrefix: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const DEFAULT_ROOT = '/opt/codedeploy-agent/deployment-root';

/**
 * Reads the agent's configuration. Either Slipway's JSON
 * `{endpoint, s3Endpoint?, region, hostIdentifier, credentialsFile, rootDir?, pathPrefix?}`,
 * or the YAML of AWS's agent (keys with a leading colon), which names an on-premises file.
 */
export async function loadConfig(file: string): Promise<AgentConfig> {
  const values = await readMapping(file);
  return Object.keys(values).some((key) => key.startsWith(':')) ? fromAwsFiles(values, file) : fromOwnFile(values, file);
}

const OWN_KEYS = ['endpoint', 's3Endpoint', 'region', 'hostIdentifier', 'credentialsFile', 'rootDir', 'pathPrefix'];

function fromOwnFile(values: Values, file: string): AgentConfig {
  refuseUnknown(values, OWN_KEYS, file);
  const endpoint = url(required(values, 'endpoint', file), 'endpoint', file);
  const s3Endpoint = optional(values, 's3Endpoint', file);
  const pathPrefix = optional(values, 'pathPrefix', file) ?? '';
  if (pathPrefix !== '' && !isAbsolute(pathPrefix)) throw new ConfigError(`${file}: pathPrefix must be an absolute path`);
  return {
    endpoint,
    s3Endpoint: s3Endpoint === undefined ? endpoint : url(s3Endpoint, 's3Endpoint', file),
    region: required(values, 'region', file),
    hostIdentifier: required(values, 'hostIdentifier', file),
    credentials: fileCredentials(required(values, 'credentialsFile', file)),
    rootDir: optional(values, 'rootDir', file) ?? DEFAULT_ROOT,
    pathPrefix,
  };
}

const AWS_KEYS = [':deploy_control_endpoint:', ':s3_endpoint_override:', ':on_premises_config_file:', ':root_dir:'];
/** Settings of AWS's agent about its own process and logs, which have no counterpart here and change no deployment. */
const AWS_KEYS_WITHOUT_EFFECT = [
  ':log_aws_wire:', ':log_dir:', ':pid_dir:', ':program_name:', ':verbose:', ':wait_between_runs:', ':max_revisions:', ':codedeploy_test_profile:',
  ':disable_imds_v1:', ':enable_deployments_log:', ':wait_between_spawning_children:', ':children:',
];

async function fromAwsFiles(values: Values, file: string): Promise<AgentConfig> {
  const keyed = Object.fromEntries(Object.entries(values).map(([key, value]) => [key.endsWith(':') ? key : `${key}:`, value]));
  refuseUnknown(keyed, [...AWS_KEYS, ...AWS_KEYS_WITHOUT_EFFECT], file);
  const revisions = keyed[':max_revisions:'];
  if (revisions !== undefined && Number(revisions) !== 5) throw new ConfigError(`${file}: :max_revisions: other than 5 is not supported by Slipway's agent yet`);
  const premisesFile = optional(keyed, ':on_premises_config_file:', file) ?? '/etc/codedeploy-agent/conf/codedeploy.onpremises.yml';
  const premises = await readMapping(premisesFile);
  const region = required(premises, 'region', premisesFile);
  const endpoint = url(required(keyed, ':deploy_control_endpoint:', file), ':deploy_control_endpoint:', file);
  const s3 = optional(keyed, ':s3_endpoint_override:', file);
  return {
    endpoint,
    s3Endpoint: s3 === undefined ? endpoint : url(s3, ':s3_endpoint_override:', file),
    region,
    ...onPremisesIdentity(premises, premisesFile),
    rootDir: optional(keyed, ':root_dir:', file) ?? DEFAULT_ROOT,
    pathPrefix: '',
  };
}

function onPremisesIdentity(premises: Values, file: string): Pick<AgentConfig, 'hostIdentifier' | 'credentials'> {
  refuseUnknown(premises, ['region', 'iam_user_arn', 'aws_access_key_id', 'aws_secret_access_key', 'iam_session_arn', 'aws_credentials_file'], file);
  const user = optional(premises, 'iam_user_arn', file);
  const session = optional(premises, 'iam_session_arn', file);
  if ((user === undefined) === (session === undefined)) throw new ConfigError(`${file}: exactly one of iam_user_arn and iam_session_arn must be given`);
  if (session !== undefined) return { hostIdentifier: session, credentials: fileCredentials(required(premises, 'aws_credentials_file', file)) };
  const keys = { accessKeyId: required(premises, 'aws_access_key_id', file), secretAccessKey: required(premises, 'aws_secret_access_key', file) };
  return { hostIdentifier: user ?? '', credentials: staticCredentials(keys) };
}

type Values = Readonly<Record<string, unknown>>;

async function readMapping(file: string): Promise<Values> {
  let values: unknown;
  try {
    values = parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new ConfigError(`${file} must hold keys and values`);
  return values as Values;
}

function refuseUnknown(values: Values, accepted: readonly string[], file: string): void {
  for (const key of Object.keys(values)) {
    if (!accepted.includes(key)) throw new ConfigError(`${file}: unknown key "${key}". Accepted: ${accepted.join(', ')}`);
  }
}

function optional(values: Values, key: string, file: string): string | undefined {
  const value = values[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new ConfigError(`${file}: ${key} must be a text`);
  return value;
}

function required(values: Values, key: string, file: string): string {
  const value = optional(values, key, file);
  if (value === undefined) throw new ConfigError(`${file}: ${key} is missing`);
  return value;
}

function url(value: string, key: string, file: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new ConfigError(`${file}: ${key} must be an http or https URL`);
  return value.replace(/\/+$/, '');
}
