import type { EventBridgeApi } from '@slipway/contracts';
import type { Jobs } from '../../engine/jobs.ts';
import type { StoredEvent } from '../../engine/outbox.ts';
import type { Authorizer, ResourcePolicies } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Log } from '../../kernel/log.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Identities, Peers } from '../../kernel/peers.ts';
import type { Seal } from '../../kernel/seal.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import type { Outbound } from '../../outbound/index.ts';
import { acceptEvents, arrivalOf } from './accept.ts';
import { access } from './access.ts';
import { apiDestinations } from './connections/api-destinations.ts';
import { archives, keepArchives } from './archives/archives.ts';
import { authorizeInJobs } from './delivery/authorize.ts';
import { buses } from './buses.ts';
import { connections } from './connections/connections.ts';
import { deliverInJobs } from './delivery/deliver.ts';
import { fireInJobs } from './rules/fire.ts';
import { validate } from './limits.ts';
import { createMatching } from './rules/matching.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { patterns } from './rules/patterns.ts';
import { permissions } from './permissions.ts';
import { putEvents } from './put-events.ts';
import { replayInJobs } from './archives/replay-events.ts';
import { replays } from './archives/replays.ts';
import { rules } from './rules/rules.ts';
import { tagOperations } from './tags.ts';
import { targets } from './rules/targets.ts';

export interface EventBridgeDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly paging: Paging;
  readonly peers: Peers;
  readonly identities: Identities;
  readonly authorizer: Authorizer;
  readonly resourcePolicies: ResourcePolicies;
  readonly seal: Seal;
  readonly outbound: Outbound;
  readonly log: Log;
}

export interface EventBridgeRoom extends Room {
  /** The outbox's deliverer: resolves once every matching target's delivery is on disk. The same event twice is one. */
  deliver(event: StoredEvent): Promise<void>;
}

/** Buses with their rules and schedules, archives, and the delivery of events to targets here and over HTTP. */
export function createEventBridge(given: EventBridgeDeps): EventBridgeRoom {
  const matching = createMatching(given.db);
  const acceptance = acceptEvents({ ...given, matching });
  const deps = { ...given, matching, acceptance };
  deliverInJobs(deps);
  fireInJobs(deps);
  replayInJobs(deps);
  keepArchives(deps);
  authorizeInJobs(deps);
  return {
    service: service<EventBridgeApi>()({
      name: 'eventbridge',
      actionPrefix: 'events',
      operations: {
        ...buses(deps), ...permissions(deps), ...rules(deps), ...targets(deps), ...patterns(), ...putEvents(deps), ...tagOperations(deps),
        ...archives(deps), ...replays(deps), ...connections(deps), ...apiDestinations(deps),
      },
      access: access(given.db),
      notYet,
      validate,
    }),
    migrations,
    deliver: (event) => acceptance.accept([arrivalOf(event)]),
  };
}
