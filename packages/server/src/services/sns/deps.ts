import type { Jobs } from '../../engine/jobs.ts';
import type { ResourcePolicies } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Log } from '../../kernel/log.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Peers } from '../../kernel/peers.ts';
import type { KeyedHash, Seal } from '../../kernel/seal.ts';
import type { Outbound } from '../../outbound/outbound.ts';

/** The mail server that e-mail subscriptions are sent by. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly secure: boolean;
  readonly auth: { readonly user: string; readonly password: string } | undefined;
}

export interface SnsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly paging: Paging;
  readonly peers: Peers;
  readonly policies: ResourcePolicies;
  readonly seal: Seal;
  readonly hash: KeyedHash;
  readonly outbound: Outbound;
  readonly log: Log;
  /** Of links in messages. Never what a request calls us: whoever may subscribe would choose where a mail's link leads. */
  readonly baseUrl: () => string;
  /** Undefined: e-mail subscriptions are refused. */
  readonly smtp: MailServer | undefined;
}
