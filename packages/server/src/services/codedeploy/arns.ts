import { formatArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';

const arn = ({ account, region }: Place, resource: string): string => formatArn({ service: 'codedeploy', region, account, resource });

export const applicationArn = (place: Place, name: string): string => arn(place, `application:${name}`);
export const groupArn = (place: Place, application: string, group: string): string => arn(place, `deploymentgroup:${application}/${group}`);
export const configArn = (place: Place, name: string): string => arn(place, `deploymentconfig:${name}`);
/** As agents are told it: with a slash. */
export const deploymentArn = (place: Place, id: string): string => arn(place, `deployment/${id}`);
/** `instance/<name>_<suffix>` */
export const instanceArn = (place: Place, name: string, suffix: string): string => arn(place, `instance/${name}_${suffix}`);
