import { secretReference, type Buildspec } from '@slipway/builder';
import { AwsError, awsClient, type AwsClient } from '../aws-client.ts';
import { UsageError } from '../usage.ts';

/** A parameter or a secret that is not to be had: DOWNLOAD_SOURCE fails. */
export class ValueMissing extends Error {}

/** AWS: GetParameters takes ten names. */
const MOST_NAMES = 10;

/** The values of `parameter-store` and `secrets-manager`, by variable, except for those that are `given`. @throws ValueMissing, UsageError */
export async function fetchValues(buildspec: Buildspec, env: NodeJS.ProcessEnv, given: readonly string[]): Promise<Record<string, string>> {
  const wanted = (of: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(of).filter(([name]) => !given.includes(name)));
  const [parameterStore, secretsManager] = [wanted(buildspec.parameterStore), wanted(buildspec.secretsManager)];
  const asked = [...Object.keys(parameterStore), ...Object.keys(secretsManager)];
  if (asked.length === 0) return {};
  const client = clientOf(env, asked);
  try {
    return { ...(await parameters(client, parameterStore)), ...(await secrets(client, secretsManager)) };
  } catch (error) {
    if (error instanceof AwsError) throw new ValueMissing(`${error.code}: ${error.message}`);
    throw error;
  }
}

function clientOf(env: NodeJS.ProcessEnv, asked: readonly string[]): AwsClient {
  const { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (endpoint && accessKeyId && secretAccessKey && region) return awsClient({ endpoint, region, accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) });
  throw new UsageError(`the buildspec takes ${asked.join(', ')} from the parameter store or the secrets manager: set AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give them with --secret NAME=VALUE`);
}

async function parameters(client: AwsClient, wanted: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const names = [...new Set(Object.values(wanted))];
  const values = new Map<string, string>();
  for (let from = 0; from < names.length; from += MOST_NAMES) {
    const Names = names.slice(from, from + MOST_NAMES);
    interface Answer { Parameters?: { Name: string; Value: string; Selector?: string }[]; InvalidParameters?: string[] }
    const { Parameters = [], InvalidParameters = [] } = await client.json<Answer>('ssm', 'AmazonSSM', 'GetParameters', { Names, WithDecryption: true });
    if (InvalidParameters.length > 0) throw new ValueMissing(`The parameters ${InvalidParameters.join(', ')} do not exist`);
    for (const { Name, Value, Selector = '' } of Parameters) values.set(`${Name}${Selector}`, Value);
  }
  return Object.fromEntries(Object.entries(wanted).map(([variable, name]) => [variable, values.get(name) ?? missing(name)]));
}

function missing(name: string): never {
  throw new ValueMissing(`The parameter ${name} was not answered`);
}

async function secrets(client: AwsClient, wanted: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [variable, text] of Object.entries(wanted)) {
    const { secretId: SecretId, versionStage: VersionStage, versionId: VersionId, jsonKey } = secretReference(text);
    const { SecretString } = await client.json<{ SecretString?: string }>('secretsmanager', 'secretsmanager', 'GetSecretValue', { SecretId, VersionStage, VersionId });
    if (SecretString === undefined) throw new ValueMissing(`The secret ${SecretId} is not text`);
    values[variable] = jsonKey === undefined ? SecretString : memberOf(SecretString, SecretId, jsonKey);
  }
  return values;
}

function memberOf(secret: string, id: string, key: string): string {
  let members: unknown;
  try {
    members = JSON.parse(secret);
  } catch {
    // What it holds instead is nobody's to read in an error.
    throw new ValueMissing(`The secret ${id} is not JSON, so it has no key ${key}`);
  }
  const value = typeof members === 'object' && members !== null && Object.hasOwn(members, key) ? (members as Record<string, unknown>)[key] : undefined;
  if (value === undefined) throw new ValueMissing(`The secret ${id} has no key ${key}`);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
