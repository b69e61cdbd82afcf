import { statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where a container engine listens: what DOCKER_HOST says if it names a socket, else the usual places of Docker and
 * Podman. Undefined when none is there.
 */
export function findEngineSocket(environment: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const said = environment['DOCKER_HOST'];
  if (said?.startsWith('unix://') === true) return said.slice('unix://'.length);
  const runtime = environment['XDG_RUNTIME_DIR'];
  const places = ['/var/run/docker.sock', '/run/podman/podman.sock', ...(runtime === undefined ? [] : [join(runtime, 'docker.sock'), join(runtime, 'podman', 'podman.sock')])];
  return places.find((path) => statSync(path, { throwIfNoEntry: false })?.isSocket() === true);
}
