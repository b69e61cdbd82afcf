import { Engine, EngineError } from './engine.ts';
import type { RegistryAuth } from './engine.ts';

/** The image is neither on this machine nor to be had. */
export class ImageUnavailable extends Error {
  override readonly name = 'ImageUnavailable';
}

/**
 * Sees to it that the engine has an image: the local one if there is one, else it is pulled.
 * @throws ImageUnavailable with the registry's words
 */
export async function provideImage(socket: string, image: string, auth?: RegistryAuth, signal?: AbortSignal): Promise<'local' | 'pulled'> {
  const engine = new Engine(socket);
  try {
    if (await engine.hasImage(image)) return 'local';
    await engine.pull(image, auth, signal);
    return 'pulled';
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new ImageUnavailable(`CannotPullContainerError: ${error.message}`);
  }
}
