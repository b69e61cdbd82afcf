import type { EventBridgeApi } from '@slipway/contracts';
import type { PutEventsRequestEntry, PutEventsResultEntry } from '@slipway/contracts/eventbridge';
import type { StoredEvent } from '../../engine/outbox.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import { uuid } from '../../kernel/ids.ts';
import { nestsDeeper } from '../../kernel/json-depth.ts';
import { isAskedFor, refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { arrivalOf } from './accept.ts';
import type { Acceptance, Arrival } from './accept.ts';
import { busOf } from './arns.ts';
import { findBusOrDefault } from './buses.ts';
import { fail, notSupported } from './fail.ts';
import { LIMITS } from './limits.ts';
import { reading } from './store/index.ts';

export function putEvents({ db, clock, acceptance }: { db: Database; clock: Clock; acceptance: Acceptance }) {
  /** The buses of the entries that do not exist, by the name that they were given. */
  async function missingBuses(entries: readonly PutEventsRequestEntry[], call: Call): Promise<Set<string | undefined>> {
    const missing = new Set<string | undefined>();
    for (const name of new Set(entries.map((entry) => entry.EventBusName))) {
      const bus = busOf(call, name);
      if ((await findBusOrDefault(reading(db), bus)) === undefined) missing.add(name);
    }
    return missing;
  }

  return {
    /** Good entries are accepted, durably and together, though others fail. */
    async PutEvents(input, call) {
      refuseMembers(input, ['EndpointId'], notSupported);
      const { Entries } = input;
      if (Entries.length < 1 || Entries.length > LIMITS.entriesPerPut) {
        const bound = Entries.length < 1 ? 'greater than or equal to 1' : `less than or equal to ${LIMITS.entriesPerPut}`;
        throw fail('ValidationException', `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${bound}`);
      }
      if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > LIMITS.entriesSize) throw fail('ValidationException', 'Total size of the entries in the request is over the limit.');
      const now = clock.now();
      const missing = await missingBuses(Entries, call);
      const arrivals: Arrival[] = [];
      const results = Entries.map((entry): PutEventsResultEntry => {
        const read = readEntry(entry, call, now);
        if ('ErrorCode' in read) return read;
        if (missing.has(entry.EventBusName)) return { ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Event bus ${entry.EventBusName} does not exist.` };
        arrivals.push(arrivalOf(read, busOf(call, entry.EventBusName)));
        return { EventId: read.id };
      });
      if (arrivals.length > 0) await acceptance.accept(arrivals);
      return { FailedEntryCount: results.length - arrivals.length, Entries: results };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}

const LATEST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59);

type Failed = Required<Pick<PutEventsResultEntry, 'ErrorCode' | 'ErrorMessage'>>;

function readEntry(entry: PutEventsRequestEntry, call: Call, now: number): StoredEvent | Failed {
  const missing = (['Source', 'DetailType', 'Detail'] as const).find((member) => entry[member] === undefined || entry[member] === '');
  if (missing !== undefined) return invalid(`Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`);
  if (isAskedFor(entry.TraceHeader)) return invalid('TraceHeader is not supported by Slipway yet.');
  const { Source: source = '', DetailType: detailType = '', Detail: text = '' } = entry;
  if (source.toLowerCase().startsWith('aws.')) return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  if (entry.Time !== undefined && (entry.Time < 0 || entry.Time > LATEST_TIME)) return invalid('Parameter Time is not valid. Reason: it must be between 1970 and 9999.');
  const detail = readDetail(text);
  if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const id = uuid();
  return { id, account: call.account, region: call.region, source, detailType, resources: entry.Resources ?? [], detail, time: entry.Time ?? now, aggregate: `eventbridge/custom/${id}` };
}

function readDetail(text: string): Readonly<Record<string, unknown>> | undefined {
  if (nestsDeeper(Buffer.from(text), LIMITS.detailDepth)) return undefined;
  try {
    const detail: unknown = JSON.parse(text);
    return typeof detail === 'object' && detail !== null && !Array.isArray(detail) ? (detail as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

const invalid = (ErrorMessage: string): Failed => ({ ErrorCode: 'InvalidArgument', ErrorMessage });

/** As AWS counts: 14 bytes for a time, then the texts. */
function sizeOf(entry: PutEventsRequestEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), entry.Time === undefined ? 0 : 14);
}
