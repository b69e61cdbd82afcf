import { formatArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';

export const alarmArn = ({ account, region }: Place, name: string): string => formatArn({ service: 'cloudwatch', region, account, resource: `alarm:${name}` });
/** Dashboards are global. */
export const dashboardArn = ({ account }: Pick<Place, 'account'>, name: string): string => formatArn({ service: 'cloudwatch', account, resource: `dashboard/${name}` });

/** The alarm's name, given as it is or as an ARN of the caller's place; undefined for an ARN of somewhere else. */
export function alarmNameOf(place: Place, nameOrArn: string): string | undefined {
  if (!nameOrArn.startsWith('arn:')) return nameOrArn;
  const prefix = alarmArn(place, '');
  return nameOrArn.startsWith(prefix) ? nameOrArn.slice(prefix.length) : undefined;
}
