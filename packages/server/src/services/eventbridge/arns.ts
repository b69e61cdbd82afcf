import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';
import type { BusRef, RuleRef } from './store/index.ts';

export const DEFAULT_BUS = 'default';

const arn = ({ account, region }: Place, resource: string): string => formatArn({ service: 'events', region, account, resource });

export const busArn = (bus: BusRef): string => arn(bus, `event-bus/${bus.bus}`);
/** Rules of the default bus are named without it. */
export const ruleArn = ({ bus, rule, ...place }: RuleRef): string => arn(place, bus === DEFAULT_BUS ? `rule/${rule}` : `rule/${bus}/${rule}`);
export const archiveArn = (place: Place, name: string): string => arn(place, `archive/${name}`);
export const replayArn = (place: Place, name: string): string => arn(place, `replay/${name}`);
export const connectionArn = (place: Place, name: string, id: string): string => arn(place, `connection/${name}/${id}`);
export const apiDestinationArn = (place: Place, name: string, id: string): string => arn(place, `api-destination/${name}/${id}`);

/** What an ARN of ours names: `['archive', 'a']`, `['rule', 'bus', 'r']`. Undefined for one of another service. */
export function readEventsArn(text: string): { readonly place: Place; readonly parts: readonly string[] } | undefined {
  const parsed = parseArn(text);
  if (parsed === undefined || parsed.service !== 'events') return undefined;
  return { place: { account: parsed.account, region: parsed.region }, parts: parsed.resource.split('/') };
}

/** The bus that a name or an ARN means. An ARN may name one of another account, and none of another region: that stays a name that nobody has. */
export function busOf({ account, region }: Place, name = DEFAULT_BUS): BusRef {
  const named = readEventsArn(name);
  if (named === undefined || named.parts[0] !== 'event-bus' || named.place.region !== region) return { account, region, bus: name };
  return { ...named.place, bus: named.parts.slice(1).join('/') };
}

export const ruleOf = (place: Place, bus: string | undefined, rule: string): RuleRef => ({ ...busOf(place, bus), rule });
