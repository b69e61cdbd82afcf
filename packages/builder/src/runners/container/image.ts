import { Engine, EngineError } from './engine.ts';
import type { RegistryAuth } from './engine.ts';
import { imageReference, isLocalOnly } from './reference.ts';

/** The image is neither on this machine nor to be had. */
export class ImageUnavailable extends Error {
  override readonly name = 'ImageUnavailable';
}

export interface ImageRequest {
  /** The engine's Unix socket. */
  readonly socket: string;
  readonly image: string;
  readonly auth?: RegistryAuth | undefined;
  readonly signal?: AbortSignal;
  /**
   * `if-missing`: what the engine has is good. `always`: the registry is asked each time, so that tags are current and
   * nobody gets by another's credentials what the registry would refuse; `kept` says what then happens with a copy.
   */
  readonly pull: 'if-missing' | 'always';
  /** With `always`: whether the engine's own copy may stand in where the registry does not give the image. */
  readonly kept?: boolean;
}

export interface ProvidedImage {
  /** The engine's own id: it stays this image's, whatever the name comes to mean. */
  readonly id: string;
  /** Why the copy is used that the engine had, where the registry was asked in vain. */
  readonly notice?: string;
}

/**
 * Sees to it that the engine has an image. Names below `localhost/` are of images made here: no registry is asked.
 * @throws ImageUnavailable with the registry's words
 */
export async function provideImage(request: ImageRequest): Promise<ProvidedImage> {
  const { socket, image, auth, signal, pull, kept = false } = request;
  const reference = imageReference(image);
  if (reference === undefined) throw new ImageUnavailable(`${JSON.stringify(image)} is no name of an image`);
  const engine = new Engine(socket);
  try {
    const asks = pull === 'always' && !isLocalOnly(reference);
    const had = asks && !kept ? undefined : await engine.imageId(reference);
    if (had !== undefined && !asks) return { id: had };
    if (isLocalOnly(reference)) throw new ImageUnavailable(`CannotPullContainerError: the container engine has no image ${image}, and names below localhost/ are of this machine alone`);
    try {
      await engine.pull(reference, auth, signal);
    } catch (error) {
      if (!(error instanceof EngineError) || had === undefined || signal?.aborted) throw error;
      return { id: had, notice: `The registry does not give the image ${image}, so the copy is used that the container engine has: ${error.message}` };
    }
    const id = await engine.imageId(reference);
    if (id === undefined) throw new ImageUnavailable(`CannotPullContainerError: the container engine does not have ${image} after it was pulled`);
    return { id };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // Nobody waits any more: it is not the registry's fault.
    signal?.throwIfAborted();
    throw new ImageUnavailable(`CannotPullContainerError: ${error.message}`);
  }
}
