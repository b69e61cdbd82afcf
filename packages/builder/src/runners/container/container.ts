import { CannotOpen } from '../runner.ts';
import type { ContainerRequest, Runner } from '../runner.ts';
import { makeFolders } from '../workspace.ts';
import { Engine, EngineError } from './engine.ts';
import { ImageUnavailable, provideImage } from './image.ts';
import { noteContainer } from './leftovers.ts';
import { findEngineSocket } from './socket.ts';
import { ContainerWorkspace } from './workspace.ts';

/**
 * A container of Docker's or Podman's, made through the engine's socket. The image needs nothing but /bin/sh. The engine
 * must be on this machine: the build's folders are bound into the container, and named pipes in them carry control and output.
 */
export const containerRunner: Runner = {
  kind: 'container',

  async unavailable(container) {
    const socket = container?.socket ?? findEngineSocket();
    if (socket === undefined) return 'no container engine was found: neither DOCKER_HOST nor the usual places of Docker and Podman name a socket';
    return engineProblem(socket);
  },

  async prepare(request) {
    const { container, folder, mark } = request;
    if (container === undefined) throw new CannotOpen('A build in a container needs an image');
    const engine = new Engine(container.socket);
    const [info, imageId] = await Promise.all([engine.info(), settledImage(engine, container), makeFolders(folder, { shared: true })]);
    await noteContainer(folder, { socket: container.socket, mark });
    return new ContainerWorkspace(request, { ...container, imageId }, engine, info);
  },
};

async function settledImage(engine: Engine, { socket, image, imageId }: ContainerRequest): Promise<string> {
  if (imageId !== undefined) {
    if (await engine.hasImage(imageId)) return imageId;
    throw new CannotOpen(`The image ${image} (${imageId}) is no longer there: the container engine has lost it since the build was provisioned`);
  }
  try {
    return (await provideImage({ socket, image, pull: 'if-missing' })).id;
  } catch (error) {
    throw error instanceof ImageUnavailable ? new CannotOpen(error.message) : error;
  }
}

/** Why the engine at a socket cannot be used, if so. */
export async function engineProblem(socket: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'The container runner needs Linux: it shares folders and named pipes with the engine';
  try {
    await new Engine(socket).ping();
    return undefined;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.message;
  }
}
