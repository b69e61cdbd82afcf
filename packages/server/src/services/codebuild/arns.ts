import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';

const arnOf = ({ account, region }: Place, resource: string): string => formatArn({ service: 'codebuild', region, account, resource });

/** `arn:aws:codebuild:R:A:project/name` */
export const projectArn = (place: Place, name: string): string => arnOf(place, `project/${name}`);

/** `arn:aws:codebuild:R:A:build/name:uuid`; `id` is `name:uuid`. */
export const buildArn = (place: Place, id: string): string => arnOf(place, `build/${id}`);

/** The project that a build id belongs to: ids are `<project>:<uuid>`. */
export const projectOfBuild = (id: string): string => id.slice(0, Math.max(id.indexOf(':'), 0));

/** Callers may name a build by its id or by its ARN. */
export const buildIdOf = (idOrArn: string): string => resourceOf(idOrArn, 'build/');

/** Callers may name a project by its name or by its ARN. */
export const projectNameOf = (nameOrArn: string): string => resourceOf(nameOrArn, 'project/');

function resourceOf(text: string, prefix: string): string {
  const resource = parseArn(text)?.resource;
  return resource?.startsWith(prefix) ? resource.slice(prefix.length) : text;
}
