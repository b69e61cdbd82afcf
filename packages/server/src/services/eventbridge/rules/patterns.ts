import type { EventBridgeApi } from '@slipway/contracts';
import { nestsDeeper } from '../../../kernel/json-depth.ts';
import type { Operations } from '../../../kernel/service.ts';
import { InvalidPattern, parsePattern } from '../../../patterns/pattern.ts';
import type { EventPattern, Json } from '../../../patterns/pattern.ts';
import { fail } from '../fail.ts';
import { LIMITS } from '../limits.ts';

/** Refuses a pattern as AWS does. */
export function checkPattern(text: string): EventPattern {
  if (text.length > LIMITS.patternSize) throw fail('InvalidEventPatternException', `Event pattern is not valid. Reason: Event pattern size is over the limit of ${LIMITS.patternSize} characters`);
  try {
    return parsePattern(text);
  } catch (error) {
    if (error instanceof InvalidPattern) throw fail('InvalidEventPatternException', error.message, { cause: error });
    throw error;
  }
}

export function patterns() {
  return {
    async TestEventPattern(input) {
      const pattern = checkPattern(input.EventPattern);
      return { Result: pattern.matches(readEvent(input.Event)) };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}

const EVENT_KEYS = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type'];

/** AWS asks for the members that every real event has. */
function readEvent(text: string): Json {
  if (nestsDeeper(Buffer.from(text), LIMITS.detailDepth)) throw fail('ValidationException', `Parameter Event is not valid. Reason: Event is nested more than ${LIMITS.detailDepth} levels deep.`);
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (cause) {
    throw fail('ValidationException', 'Parameter Event is not valid. Reason: Event is not valid JSON.', { cause });
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw fail('ValidationException', 'Parameter Event is not valid. Reason: Event is not a JSON object.');
  const missing = EVENT_KEYS.find((key) => !(key in event));
  if (missing !== undefined) throw fail('ValidationException', `Parameter Event is not valid. Reason: ${missing} is a required member.`);
  return event as Json;
}
