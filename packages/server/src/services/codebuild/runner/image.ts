import { imageReference, ImageUnavailable, provideImage, type RegistryAuth } from '@slipway/builder';
import type { PhaseContext } from '@slipway/contracts/codebuild';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../builds/build.ts';
import { secretFields } from '../secret-fields.ts';
import { isPrivateImage, notePrivateImage } from './image-store.ts';
import type { BuildPlace } from './runner.ts';

const PULL = 'BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE';

export interface ImageDeps {
  readonly db: Database;
  readonly peers: Peers;
}

/** The engine's id of the image where the build runs in one, and what the log says of it; or what is wrong, in AWS's words. */
export type SettledImage = { readonly id: string | null; readonly lines: readonly string[] } | { readonly problem: Required<PhaseContext> };

/**
 * Sees to it that the engine has the build's image before the build begins. As on AWS the registry is asked for each build,
 * with the build's own credentials: what one build could pull is no other's for that, and tags are current. What the
 * operator has put into the engine is everybody's; what was pulled with credentials never stands in for a registry.
 */
export async function settleImage({ db, peers }: ImageDeps, build: StoredBuild, place: BuildPlace, role: Caller, signal: AbortSignal): Promise<SettledImage> {
  if (place.kind !== 'container') return { id: null, lines: [] };
  const { socket, image } = place;
  try {
    if (place.operators) return { id: (await provideImage({ socket, image, signal, pull: 'if-missing' })).id, lines: [] };
    const repository = imageReference(image)?.repository ?? image;
    const auth = await registryAuth(peers, build, role, signal);
    // Before the pull: a server that dies in between has left nothing that others could take.
    if (auth !== undefined) await db.transaction((tx) => notePrivateImage(tx, build, repository));
    const { id, notice } = await provideImage({ socket, image, auth, signal, pull: 'always', kept: !(await isPrivateImage(db, repository)) });
    return { id, lines: notice === undefined ? [] : [notice] };
  } catch (error) {
    // Given up while the engine was pulling: nothing is wrong with the image.
    if (signal.aborted || (!(error instanceof ImageUnavailable) && !(error instanceof ServiceError))) throw error;
    return { problem: { statusCode: PULL, message: `Unable to pull customer's container image. ${error.message}${unsent(build)}` } };
  }
}

/** What the project's credentials are not for, so that nobody looks for the reason elsewhere. */
const unsent = (build: StoredBuild): string =>
  isForeign(build) ? ` The project's registryCredential is for the registry of ${build.definition.credentialImage} and was not sent: registryCredentialOverride names one for ${build.definition.environment.image}` : '';

/** Whether StartBuild named an image of another registry than the one that the project's own credentials are for. */
function isForeign({ definition: { credentialImage, environment } }: StoredBuild): boolean {
  return credentialImage !== undefined && imageReference(credentialImage)?.host !== imageReference(environment.image)?.host;
}

/** A registry's credentials are a secret of the JSON form {"username": …, "password": …}, read as the build's role. */
async function registryAuth(peers: Peers, build: StoredBuild, role: Caller, signal: AbortSignal): Promise<RegistryAuth | undefined> {
  const { registryCredential } = build.definition.environment;
  if (registryCredential === undefined || isForeign(build)) return undefined;
  const { SecretString } = await peers.as(role)['secrets-manager'].GetSecretValue({ SecretId: registryCredential.credential }, { region: build.region, signal });
  const { username, password } = secretFields(SecretString);
  if (typeof username !== 'string' || typeof password !== 'string') throw new ImageUnavailable(`The secret ${registryCredential.credential} is not JSON with the keys username and password`);
  return { username, password };
}
