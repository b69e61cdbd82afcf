import { formatArn } from '../../kernel/arn.ts';
import { fail } from './fail.ts';
import type { Place } from '../../kernel/place.ts';

export const ruleArn = ({ account, region }: Place, name: string): string => formatArn({ service: 'events', region, account, resource: `rule/${name}` });
export const busArn = ({ account, region }: Place): string => formatArn({ service: 'events', region, account, resource: 'event-bus/default' });

/** Only the default bus exists, under its name or its ARN. */
export const isDefaultBus = (place: Place, name: string | undefined): boolean => name === undefined || name === 'default' || name === busArn(place);

export function needDefaultBus(place: Place, name: string | undefined): void {
  if (!isDefaultBus(place, name)) throw fail('ResourceNotFoundException', `Event bus ${name} does not exist.`);
}
