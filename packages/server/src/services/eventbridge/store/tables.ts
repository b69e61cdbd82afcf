import type { Kysely } from 'kysely';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

/** A bus is named within its account and region; the default one is there without a row. */
export interface BusRef extends Place {
  readonly bus: string;
}

export interface RuleRef extends BusRef {
  readonly rule: string;
}

export type BusRow = {
  account: string;
  region: string;
  name: string;
  description: string | null;
  /** JSON, as stored by PutPermission. */
  policy: string | null;
  created: number;
  modified: number;
};

export type RuleRow = {
  account: string;
  region: string;
  bus: string;
  name: string;
  pattern: string | null;
  schedule: string | null;
  state: 'ENABLED' | 'DISABLED';
  description: string | null;
  /** The service that made the rule for its own use, and the archive that it fills. */
  managed_by: string | null;
  archive: string | null;
  created_by: string;
  created: number;
  /** ms UTC: from when a rate counts, and when the schedule fires next; null without one. */
  scheduled: number | null;
  fires_at: number | null;
};

export type TargetRow = { account: string; region: string; bus: string; rule: string; id: string; arn: string; target: string };

export type DeliveryRow = {
  account: string;
  region: string;
  /** `<event>/<rule>/<target>`, the key under which the target is called once. */
  id: string;
  bus: string;
  rule: string;
  /** JSON of the target as it was when the event came. */
  target: string;
  /** JSON of the event as targets see it. */
  event: string;
  created: number;
  attempts: number;
  /** 1 for an event that came from another bus: it goes to no third. */
  forwarded: number;
  /** ms UTC: the turn that an API destination's rate gave it; null before. */
  turn: number | null;
  /** JSON of the dead letter's attributes once the delivery is given up; null before. */
  letter: string | null;
};

export type ArchiveRow = {
  account: string;
  region: string;
  name: string;
  /** Names its events: an archive made again under a name begins empty. */
  id: string;
  bus: string;
  pattern: string | null;
  description: string | null;
  /** 0: for ever. */
  retention_days: number;
  created: number;
};

export type ArchivedRow = { account: string; region: string; archive: string; time: number; event_id: string; event: string; size: number; stored: number };

export type ReplayState = 'STARTING' | 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';

export type ReplayRow = {
  account: string;
  region: string;
  name: string;
  archive: string;
  archive_name: string;
  bus: string;
  /** JSON list of rules' ARNs; null for all. */
  filter: string | null;
  description: string | null;
  state: ReplayState;
  reason: string | null;
  first: number;
  last: number;
  /** The event that was replayed last: its time and id; null before the first. */
  cursor_time: number | null;
  cursor_id: string | null;
  started: number;
  ended: number | null;
};

export type ConnectionState = 'AUTHORIZED' | 'AUTHORIZING' | 'DEAUTHORIZED';

export type ConnectionRow = {
  account: string;
  region: string;
  name: string;
  id: string;
  description: string | null;
  kind: 'API_KEY' | 'BASIC' | 'OAUTH_CLIENT_CREDENTIALS';
  state: ConnectionState;
  reason: string | null;
  /** JSON of what DescribeConnection shows. */
  shown: string;
  /** Everything, secrets included, sealed; null once the connection is deauthorized. */
  secret: string | null;
  /** An OAuth token, sealed, and when it ends (ms UTC; null: unknown). */
  token: string | null;
  token_expires: number | null;
  created: number;
  modified: number;
  authorized: number | null;
};

export type ApiDestinationRow = {
  account: string;
  region: string;
  name: string;
  id: string;
  description: string | null;
  connection: string;
  endpoint: string;
  method: string;
  rate: number;
  /** µs UTC: the next turn that its rate allows. */
  next_turn: number;
  created: number;
  modified: number;
};

export type Tables = {
  eventbridge_buses: BusRow;
  eventbridge_bus_rules: RuleRow;
  eventbridge_rule_targets: TargetRow;
  eventbridge_seen: { account: string; region: string; event_id: string; seen: number };
  eventbridge_deliveries: DeliveryRow;
  eventbridge_archives: ArchiveRow;
  eventbridge_archived: ArchivedRow;
  eventbridge_replays: ReplayRow;
  eventbridge_connections: ConnectionRow;
  eventbridge_api_destinations: ApiDestinationRow;
};

export interface Slice {
  readonly after: string | undefined;
  readonly limit: number;
}

export type Query = Kysely<Tables>;
export const reading = (db: Database): Query => db.read.withTables<Tables>();
export const writing = (tx: Transaction): Query => tx.query.withTables<Tables>();

/** Behind every name that begins with the prefix, bytewise. */
export const endOf = (prefix: string): string => `${prefix}\u{10FFFF}`;
