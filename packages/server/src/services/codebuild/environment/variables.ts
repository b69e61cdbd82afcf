import { secretReference, type Buildspec } from '@slipway/builder';
import type { PhaseContext } from '@slipway/contracts/codebuild';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../builds/build.ts';

/** The variables that somebody has set: in the project or StartBuild, and in the buildspec. */
export interface GivenVariables {
  /** By name, the values of all three types. */
  readonly values: Readonly<Record<string, string>>;
  /** The values that came from Parameter Store and Secrets Manager: never to be shown. */
  readonly secrets: readonly string[];
  /** Which of them hold such values. */
  readonly secretNames: readonly string[];
}

export interface VariablesRequest {
  readonly build: StoredBuild;
  readonly role: Caller;
  readonly buildspec: Pick<Buildspec, 'parameterStore' | 'secretsManager'>;
  readonly signal: AbortSignal;
}

/** A value that the role may not read or that is not there; `statusCode` and message as AWS shows them in DOWNLOAD_SOURCE. */
export class VariableError extends Error {
  override readonly name = 'VariableError';
  readonly statusCode: string;

  constructor(statusCode: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.statusCode = statusCode;
  }

  get context(): Required<PhaseContext> {
    return { statusCode: this.statusCode, message: this.message };
  }
}

/** AWS's status codes, which end in "Error" and are followed by "Message: …" in the log. */
const PARAMETERS = 'Decrypted Variables Error';
const SECRETS = 'Secrets Manager Error';

/** "Names: Array Members: Minimum number of 1 item. Maximum number of 10 items." Systems Manager API reference, GetParameters. */
const PARAMETERS_AT_ONCE = 10;

/**
 * Reads what the variables of the types PARAMETER_STORE and SECRETS_MANAGER stand for, as the build's role. The project's
 * and StartBuild's win over the buildspec's: what they hide is not read.
 * @throws VariableError
 */
export async function givenVariables({ peers }: { readonly peers: Peers }, request: VariablesRequest): Promise<GivenVariables> {
  const { build, buildspec } = request;
  const given = build.definition.environment.environmentVariables ?? [];
  const hidden = new Set(given.map(({ name }) => name));
  const fromBuildspec = (names: Readonly<Record<string, string>>): [string, string][] => Object.entries(names).filter(([name]) => !hidden.has(name));
  const ofType = (type: string): [string, string][] => given.filter((variable) => (variable.type ?? 'PLAINTEXT') === type).map(({ name, value }) => [name, value]);
  const parameters = await readParameters(peers, request, [...fromBuildspec(buildspec.parameterStore), ...ofType('PARAMETER_STORE')]);
  const secrets = await readSecrets(peers, request, [...fromBuildspec(buildspec.secretsManager), ...ofType('SECRETS_MANAGER')]);
  return { values: { ...parameters, ...secrets, ...Object.fromEntries(ofType('PLAINTEXT')) }, secrets: [...Object.values(parameters), ...Object.values(secrets)], secretNames: [...Object.keys(parameters), ...Object.keys(secrets)] };
}

async function readParameters(peers: Peers, { build, role, signal }: VariablesRequest, wanted: readonly (readonly [string, string])[]): Promise<Record<string, string>> {
  const names = [...new Set(wanted.map(([, name]) => name))];
  const values = new Map<string, string>();
  for (let at = 0; at < names.length; at += PARAMETERS_AT_ONCE) {
    const Names = names.slice(at, at + PARAMETERS_AT_ONCE);
    const { Parameters = [] } = await inWords(PARAMETERS, () => peers.as(role).ssm.GetParameters({ Names, WithDecryption: true }, { region: build.region, signal }));
    for (const { Name = '', ARN = '', Selector = '', Value } of Parameters) {
      if (Value === undefined) continue;
      values.set(`${Name}${Selector}`, Value);
      values.set(`${ARN}${Selector}`, Value);
    }
    const missing = Names.find((name) => !values.has(name));
    if (missing !== undefined) throw new VariableError(PARAMETERS, `parameter does not exist: ${missing}`);
  }
  return Object.fromEntries(wanted.map(([variable, name]) => [variable, values.get(name)!]));
}

async function readSecrets(peers: Peers, request: VariablesRequest, wanted: readonly (readonly [string, string])[]): Promise<Record<string, string>> {
  const { build, role, signal } = request;
  const read = new Map<string, string>();
  const values: Record<string, string> = {};
  for (const [variable, reference] of wanted) {
    const { secretId: id, jsonKey, versionStage, versionId } = secretReference(reference);
    const which = JSON.stringify([id, versionStage, versionId]);
    let text = read.get(which);
    if (text === undefined) {
      const input = { SecretId: id, ...(versionStage === undefined ? {} : { VersionStage: versionStage }), ...(versionId === undefined ? {} : { VersionId: versionId }) };
      const { SecretString } = await inWords(SECRETS, () => peers.as(role)['secrets-manager'].GetSecretValue(input, { region: build.region, signal }));
      if (SecretString === undefined) throw new VariableError(SECRETS, `the secret ${id} is binary: only a text can be the value of the variable ${variable}`);
      text = SecretString;
      read.set(which, text);
    }
    values[variable] = jsonKey === undefined ? text : fromJson(text, id, jsonKey);
  }
  return values;
}

/** What is not a text in the JSON is handed over as JSON, as AWS does. Errors hold nothing of the secret. */
function fromJson(text: string, id: string, key: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new VariableError(SECRETS, `the secret ${id} is not JSON: it has no key ${key}`);
  }
  const value = typeof json === 'object' && json !== null && Object.hasOwn(json, key) ? (json as Record<string, unknown>)[key] : undefined;
  if (value === undefined) throw new VariableError(SECRETS, `the secret ${id} has no key ${key}`);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function inWords<T>(statusCode: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new VariableError(statusCode, `${error.name}: ${error.message}`, { cause: error });
  }
}
