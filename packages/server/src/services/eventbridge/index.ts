import type { EventBridgeApi } from '@slipway/contracts';
import type { Jobs } from '../../engine/jobs.ts';
import type { StoredEvent } from '../../engine/outbox.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Log } from '../../kernel/log.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Identities, Peers } from '../../kernel/peers.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { acceptEvents } from './accept.ts';
import { access } from './access.ts';
import { buses } from './buses.ts';
import { deliverInJobs } from './deliver.ts';
import { validate } from './limits.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { putEvents } from './put-events.ts';
import { rules } from './rules.ts';
import { tagOperations } from './tags.ts';
import { targets } from './targets.ts';

export interface EventBridgeDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly paging: Paging;
  readonly peers: Peers;
  readonly identities: Identities;
  readonly log: Log;
}

export interface EventBridgeRoom extends Room {
  /** The outbox's deliverer: resolves once every matching target's delivery is on disk. The same event twice is one. */
  deliver(event: StoredEvent): Promise<void>;
}

/** Rules on the default bus, and the delivery of events to their targets. */
export function createEventBridge(deps: EventBridgeDeps): EventBridgeRoom {
  const accept = acceptEvents(deps);
  deliverInJobs(deps);
  return {
    service: service<EventBridgeApi>()({
      name: 'eventbridge',
      actionPrefix: 'events',
      operations: { ...rules(deps), ...targets(deps), ...buses(), ...putEvents({ clock: deps.clock, accept }), ...tagOperations(deps) },
      access,
      notYet,
      validate,
    }),
    migrations,
    deliver: (event) => accept([event]),
  };
}
