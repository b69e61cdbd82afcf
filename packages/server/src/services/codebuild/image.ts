import { ImageUnavailable, provideImage, type RegistryAuth } from '@slipway/builder';
import type { PhaseContext } from '@slipway/contracts/codebuild';
import type { Caller } from '../../kernel/caller.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Peers } from '../../kernel/peers.ts';
import type { StoredBuild } from './build.ts';
import type { BuildPlace } from './runner.ts';

const PULL = 'BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE';

/** Sees to it that the engine has the build's image before the build begins; what is wrong with it, in AWS's words. */
export async function pullImage(peers: Peers, build: StoredBuild, place: BuildPlace, role: Caller, signal: AbortSignal): Promise<Required<PhaseContext> | undefined> {
  if (place.kind !== 'container') return undefined;
  try {
    await provideImage(place.socket, place.image, await registryAuth(peers, build, role, signal), signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof ImageUnavailable) && !(error instanceof ServiceError)) throw error;
    return { statusCode: PULL, message: `Unable to pull customer's container image. ${error.message}` };
  }
}

/** A registry's credentials are a secret of the JSON form {"username": …, "password": …}, read as the build's role. */
async function registryAuth(peers: Peers, { definition, region }: StoredBuild, role: Caller, signal: AbortSignal): Promise<RegistryAuth | undefined> {
  const { registryCredential } = definition.environment;
  if (registryCredential === undefined) return undefined;
  const { SecretString = '' } = await peers.as(role)['secrets-manager'].GetSecretValue({ SecretId: registryCredential.credential }, { region, signal });
  const { username, password } = fields(SecretString);
  if (typeof username !== 'string' || typeof password !== 'string') throw new ImageUnavailable(`The secret ${registryCredential.credential} is not JSON with the keys username and password`);
  return { username, password };
}

function fields(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    // Not JSON: it has neither key, which is what is said.
    return {};
  }
}
