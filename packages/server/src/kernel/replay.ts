import type { ExpressionBuilder } from 'kysely';
import type { Transaction } from './database.ts';
import { digestOf } from './digest.ts';
import type { Call } from './service.ts';

type ReplayTables = {
  replays: {
    account: string;
    region: string;
    operation: string;
    /** `once` or `token`: the same text means different things from a room and from a client. */
    kind: 'once' | 'token';
    token: string;
    input_digest: string;
    /** JSON; empty only inside the transaction that is making it. */
    response: string;
    created: number;
    /** ms UTC; null: until pruned. */
    expires: number | null;
  };
};

/** A client token as AWS documents it for the operation. */
export interface ClientToken {
  /** Undefined when the client sent none. */
  readonly value: string | undefined;
  /** ms; from the room's `limits.ts`. */
  readonly lifetime: number;
  /** The error for a token that was used with another input. */
  readonly mismatch: () => Error;
}

export interface ReplayOptions {
  /** ms UTC, the room's clock. */
  readonly now: number;
  readonly token?: ClientToken;
}

type Row = Pick<ReplayTables['replays'], 'account' | 'region' | 'operation' | 'kind' | 'token'>;

/**
 * Runs `work` once for the call's `once` key and for the client's token, and answers what it answered the first time
 * ever after. The answer is stored in the caller's transaction: it exists exactly when the work's rows do.
 * `operation` is qualified (`codebuild:StartBuild`); `input` is compared without its token; the output is plain JSON data.
 *
 * A failing call stores nothing. Two calls at the same time: the second waits for the first's transaction.
 */
export async function replay<Output>(tx: Transaction, call: Call, operation: string, input: unknown, work: () => Promise<Output>, options: ReplayOptions): Promise<Output> {
  const { now, token } = options;
  const byToken = (): Promise<Output> => {
    if (token?.value === undefined) return work();
    const row: Row = { account: call.account, region: call.region, operation, kind: 'token', token: token.value };
    return first(tx, row, { now, expires: now + token.lifetime, digest: digestOf(input), mismatch: token.mismatch }, work);
  };
  if (call.once === undefined) return byToken();
  const row: Row = { account: call.caller.account, region: call.region, operation, kind: 'once', token: call.once };
  // The caller may come back with another input after it was updated: what it asked first was done.
  return first(tx, row, { now, expires: null, digest: '', mismatch: undefined }, byToken);
}

interface Terms {
  readonly now: number;
  readonly expires: number | null;
  readonly digest: string;
  readonly mismatch: (() => Error) | undefined;
}

async function first<Output>(tx: Transaction, row: Row, terms: Terms, work: () => Promise<Output>): Promise<Output> {
  const query = tx.query.withTables<ReplayTables>();
  await query.deleteFrom('replays').where(same(row)).where('expires', '<=', terms.now).execute();
  // The empty row comes before the work: on PostgreSQL a second call waits here until the first has committed.
  const { numInsertedOrUpdatedRows } = await query.insertInto('replays')
    .values({ ...row, input_digest: terms.digest, response: '', created: terms.now, expires: terms.expires })
    .onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) {
    const known = await query.selectFrom('replays').select(['input_digest', 'response']).where(same(row)).executeTakeFirstOrThrow();
    if (terms.mismatch && known.input_digest !== terms.digest) throw terms.mismatch();
    return (JSON.parse(known.response) as { output: Output }).output;
  }
  const output = await work();
  await query.updateTable('replays').set({ response: JSON.stringify({ output }, refuseBytes) }).where(same(row)).execute();
  return output;
}

/** Removes tokens whose time is over, and answers to other rooms that are older than `onceBefore`. */
export async function pruneReplays(tx: Transaction, times: { now: number; onceBefore: number }): Promise<void> {
  const query = tx.query.withTables<ReplayTables>();
  await query.deleteFrom('replays').where('expires', '<=', times.now).execute();
  await query.deleteFrom('replays').where('kind', '=', 'once').where('created', '<', times.onceBefore).execute();
}

function same(row: Row) {
  return (eb: ExpressionBuilder<ReplayTables, 'replays'>) => eb.and({ ...row });
}

function refuseBytes(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) throw new Error('An answer with bytes cannot be replayed');
  return value;
}
