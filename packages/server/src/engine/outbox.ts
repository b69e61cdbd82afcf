import type { Transaction } from '../kernel/database.ts';

/** A public event, exactly as EventBridge shows it. */
export interface DomainEvent {
  readonly account: string;
  readonly region: string;
  /** `aws.codebuild` */
  readonly source: string;
  /** `CodeBuild Build State Change` */
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
  /** Order holds among the events of one aggregate: `codebuild/build/<id>`. */
  readonly aggregate: string;
}

export interface StoredEvent extends DomainEvent {
  /** UUID, the event's `id` on EventBridge. */
  readonly id: string;
  /** ms UTC */
  readonly time: number;
}

/**
 * Events leave through rows written in the transaction that made them true. Each is delivered at least once to the
 * deliverer, in order per aggregate; the row goes when the deliverer resolves.
 */
export interface Outbox {
  emit(tx: Transaction, event: DomainEvent): Promise<void>;
  /** Set once at composition: EventBridge's room. */
  deliverTo(deliver: (event: StoredEvent) => Promise<void>): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  idle(): Promise<void>;
}
