import type { AccessKey, AccessKeys } from '../../kernel/access.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import { secretAccessKey, sessionToken, temporaryAccessKeyId } from '../../kernel/ids.ts';
import type { SessionCredentials } from '../../kernel/peers.ts';
import type { Seal } from '../../kernel/seal.ts';
import { KEEP_EXPIRED_MS } from './limits.ts';

type StsTables = {
  sts_sessions: {
    account: string;
    access_key_id: string;
    /** Sealed, as the token is. */
    secret: string;
    token: string;
    /** JSON of the `Caller` that the keys act as. */
    caller: string;
    created: number;
    expiration: number;
  };
};

/** Temporary keys: made for a caller, good until they expire. */
export interface Sessions extends AccessKeys {
  open(caller: Caller, seconds: number): Promise<SessionCredentials>;
  accountOf(accessKeyId: string): Promise<string | undefined>;
}

const place = (column: 'secret' | 'token', id: string): string => `sts_sessions/${column}/${id}`;

export function createSessions({ db, clock, seal }: { db: Database; clock: Clock; seal: Seal }): Sessions {
  const find = (id: string) => db.read.withTables<StsTables>().selectFrom('sts_sessions').selectAll().where('access_key_id', '=', id).executeTakeFirst();
  return {
    async open(caller, seconds) {
      const credentials: SessionCredentials = {
        accessKeyId: temporaryAccessKeyId(), secretAccessKey: secretAccessKey(), sessionToken: sessionToken(), expiration: clock.now() + seconds * 1000,
      };
      const id = credentials.accessKeyId;
      // Whoever holds the keys acts directly; the service that asked for them is not in between.
      const { invokedBy: _invokedBy, accessKeyId: _accessKeyId, ...acting } = caller;
      await db.transaction(async (tx) => {
        const query = tx.query.withTables<StsTables>();
        await query.deleteFrom('sts_sessions').where('expiration', '<', clock.now() - KEEP_EXPIRED_MS).execute();
        await query.insertInto('sts_sessions').values({
          account: caller.account, access_key_id: id, secret: seal.seal(credentials.secretAccessKey, place('secret', id)),
          token: seal.seal(credentials.sessionToken, place('token', id)), caller: JSON.stringify(acting), created: clock.now(), expiration: credentials.expiration,
        }).execute();
      });
      return credentials;
    },

    async find(accessKeyId): Promise<AccessKey | undefined> {
      const row = await find(accessKeyId);
      if (row === undefined) return undefined;
      return {
        secretAccessKey: seal.open(row.secret, place('secret', accessKeyId)), sessionToken: seal.open(row.token, place('token', accessKeyId)),
        caller: { ...(JSON.parse(row.caller) as Caller), accessKeyId }, expiration: row.expiration,
      };
    },

    async accountOf(accessKeyId) {
      return (await find(accessKeyId))?.account;
    },
  };
}
