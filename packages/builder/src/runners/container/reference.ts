/** The name of an image, taken apart as Docker and Podman do it. */
export interface ImageReference {
  /** The registry, `docker.io` where none is named. In small letters: hosts are the same in both. */
  readonly host: string;
  /** With its registry, without tag or digest: what a registry gives or refuses as one. */
  readonly repository: string;
  /** Complete: no engine takes it for the id of an image or looks for it in several registries. */
  readonly name: string;
  readonly tag?: string;
}

const HOST = String.raw`(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])`;
const PART = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
const IMAGE = new RegExp(String.raw`^(?:(${HOST}(?:\.${HOST})*(?::\d{1,5})?)/)?(${PART}(?:/${PART})*)(?::(\w[\w.-]{0,127}))?(?:@([a-z][a-z0-9]*:[0-9a-f]{32,128}))?$`);
const LONGEST = 255;

/** Undefined for what is no name of an image. */
export function imageReference(image: string): ImageReference | undefined {
  if (image.length > LONGEST) return undefined;
  const [matched, first, path, tag, digest] = IMAGE.exec(image) ?? [];
  if (matched === undefined || path === undefined) return undefined;
  // The first part is a registry only where it looks like one.
  const isHost = first !== undefined && (/[.:]/.test(first) || first === 'localhost');
  if (first !== undefined && !isHost && first !== first.toLowerCase()) return undefined;
  const host = isHost ? hubs.get(first.toLowerCase()) ?? first.toLowerCase() : HUB;
  const below = first === undefined || isHost ? path : `${first}/${path}`;
  const repository = `${host}/${host === HUB && !below.includes('/') ? `library/${below}` : below}`;
  if (digest !== undefined) return { host, repository, name: `${repository}@${digest}` };
  const named = tag ?? 'latest';
  return { host, repository, name: `${repository}:${named}`, tag: named };
}

const HUB = 'docker.io';
const hubs = new Map([['index.docker.io', HUB]]);

export const isImageName = (image: string): boolean => imageReference(image) !== undefined;

/** Names of images that were made on this machine and are in no registry: Podman's, and whoever likes to follow it. */
export const isLocalOnly = ({ host }: ImageReference): boolean => host === 'localhost';
