import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';

/** By which roles trust CodeBuild, and callers are known as CodeBuild itself that acts as a build's role. */
export const SERVICE = 'codebuild.amazonaws.com';

const arnOf = ({ account, region }: Place, resource: string): string => formatArn({ service: 'codebuild', region, account, resource });

/** `arn:aws:codebuild:R:A:project/name` */
export const projectArn = (place: Place, name: string): string => arnOf(place, `project/${name}`);

/** `arn:aws:codebuild:R:A:build/name:uuid`; `id` is `name:uuid`. */
export const buildArn = (place: Place, id: string): string => arnOf(place, `build/${id}`);

/** The project that a build id belongs to: ids are `<project>:<uuid>`. */
export const projectOfBuild = (id: string): string => id.slice(0, Math.max(id.indexOf(':'), 0));

/** The key that S3 encrypts with when nothing is said, as AWS's answers name it. */
export const defaultKeyArn = ({ account, region }: Place): string => formatArn({ service: 'kms', region, account, resource: 'alias/aws/s3' });

/** Callers may name a build by its id or by its ARN. */
export const buildIdOf = (idOrArn: string, place: Place): string => resourceOf(idOrArn, 'build/', place);

/** Callers may name a project by its name or by its ARN. */
export const projectNameOf = (nameOrArn: string, place: Place): string => resourceOf(nameOrArn, 'project/', place);

/** An ARN of another account or region is no name of ours: nothing is found by it. */
function resourceOf(text: string, prefix: string, { account, region }: Place): string {
  const arn = parseArn(text);
  const ours = arn?.service === 'codebuild' && arn.account === account && arn.region === region && arn.resource.startsWith(prefix);
  return ours ? arn.resource.slice(prefix.length) : text;
}
