import type { ResourcePolicies } from '../../../kernel/access.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { fail } from '../fail.ts';
import { NUMBERS } from '../limits.ts';
import type { QueueRow } from './store.ts';
import { readAllowPolicy, readRedrivePolicy } from './redrive-policy.ts';
import type { AllowPolicy, RedrivePolicy } from './redrive-policy.ts';

/** What a queue's attributes come to, defaults included. */
export interface QueueSettings {
  readonly DelaySeconds: number;
  readonly MaximumMessageSize: number;
  readonly MessageRetentionPeriod: number;
  readonly ReceiveMessageWaitTimeSeconds: number;
  readonly VisibilityTimeout: number;
  readonly SqsManagedSseEnabled: boolean;
  readonly ContentBasedDeduplication: boolean;
  readonly DeduplicationScope: 'queue' | 'messageGroup';
  readonly Policy: string | undefined;
  readonly RedrivePolicy: RedrivePolicy | undefined;
  readonly RedriveAllowPolicy: AllowPolicy | undefined;
}

export type Given = Readonly<Record<string, string>>;

const FIFO_DEFAULTS: Given = { FifoQueue: 'true', ContentBasedDeduplication: 'false', DeduplicationScope: 'queue', FifoThroughputLimit: 'perQueue' };

const DEFAULTS: Given = { ...Object.fromEntries(Object.entries(NUMBERS).map(([name, { otherwise }]) => [name, String(otherwise)])), SqsManagedSseEnabled: 'true' };

/** A queue's attributes as texts, those that nobody set with their defaults. */
export function effective(fifo: boolean, set: Given): Given {
  return { ...DEFAULTS, ...(fifo && FIFO_DEFAULTS), ...set };
}

const settingsOf = new WeakMap<QueueRow, QueueSettings>();

export function attributesOf(queue: QueueRow): QueueSettings {
  const known = settingsOf.get(queue);
  if (known !== undefined) return known;
  const all = effective(queue.fifo === 1, JSON.parse(queue.attributes) as Given);
  const number = (name: keyof typeof NUMBERS): number => Number(all[name]);
  const settings: QueueSettings = {
    DelaySeconds: number('DelaySeconds'),
    MaximumMessageSize: number('MaximumMessageSize'),
    MessageRetentionPeriod: number('MessageRetentionPeriod'),
    ReceiveMessageWaitTimeSeconds: number('ReceiveMessageWaitTimeSeconds'),
    VisibilityTimeout: number('VisibilityTimeout'),
    SqsManagedSseEnabled: all['SqsManagedSseEnabled'] === 'true',
    ContentBasedDeduplication: all['ContentBasedDeduplication'] === 'true',
    DeduplicationScope: all['DeduplicationScope'] === 'messageGroup' ? 'messageGroup' : 'queue',
    Policy: all['Policy'],
    RedrivePolicy: all['RedrivePolicy'] === undefined ? undefined : readRedrivePolicy(all['RedrivePolicy']),
    RedriveAllowPolicy: all['RedriveAllowPolicy'] === undefined ? undefined : readAllowPolicy(all['RedriveAllowPolicy']),
  };
  settingsOf.set(queue, settings);
  return settings;
}

/** Counted, or told by the queue itself. */
export const TOLD = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesDelayed', 'ApproximateNumberOfMessagesNotVisible', 'CreatedTimestamp', 'LastModifiedTimestamp', 'QueueArn'] as const;

const FIFO_ONLY = ['ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'];
const KMS = ['KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds'];
const SETTABLE = [...Object.keys(NUMBERS), ...FIFO_ONLY, ...KMS, 'Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'SqsManagedSseEnabled'];
const KNOWN: ReadonlySet<string> = new Set([...SETTABLE, ...TOLD, 'FifoQueue', 'All']);

export const unknownAttribute = (name: string): ServiceError => fail('InvalidAttributeName', `Unknown Attribute ${name}.`);
const invalidValue = (name: string): ServiceError => fail('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);

export function checkKnown(names: readonly string[]): void {
  const unknown = names.find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw unknownAttribute(unknown);
}

const oneOf = (...values: string[]) => (value: string): boolean => values.includes(value);
const CHOICES: Readonly<Record<string, (value: string) => boolean>> = {
  SqsManagedSseEnabled: oneOf('true', 'false'),
  ContentBasedDeduplication: oneOf('true', 'false'),
  DeduplicationScope: oneOf('queue', 'messageGroup'),
  FifoThroughputLimit: oneOf('perQueue', 'perMessageGroupId'),
};

/** KMS's default, which tools write out for queues that have no key. */
const DEFAULT_KEY_REUSE = '300';

/**
 * The attributes that a queue has when `given` are set on those it `had`; an empty text takes one away. Throws what AWS
 * answers to unknown names and wrong values.
 */
export function merge(queue: { fifo: boolean; had: Given }, given: Given, policies: ResourcePolicies): Given {
  const merged: Record<string, string> = { ...queue.had };
  for (const [name, value] of Object.entries(given)) {
    if (!SETTABLE.includes(name) || (!queue.fifo && FIFO_ONLY.includes(name))) throw unknownAttribute(name);
    if (value === '' && ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId'].includes(name)) {
      delete merged[name];
      continue;
    }
    checkAttribute(name, value, policies);
    if (!KMS.includes(name)) merged[name] = value;
  }
  const { FifoThroughputLimit, DeduplicationScope } = effective(queue.fifo, merged);
  if (FifoThroughputLimit === 'perMessageGroupId' && DeduplicationScope !== 'messageGroup') throw invalidValue('FifoThroughputLimit');
  return merged;
}

function checkAttribute(name: string, value: string, policies: ResourcePolicies): void {
  if (name === 'KmsMasterKeyId' || (name === 'KmsDataKeyReusePeriodSeconds' && value !== DEFAULT_KEY_REUSE)) {
    throw fail('InvalidAttributeValue', `${name} is not supported by Slipway yet. Queues are encrypted with SqsManagedSseEnabled.`);
  }
  const bounds = Object.hasOwn(NUMBERS, name) ? NUMBERS[name as keyof typeof NUMBERS] : undefined;
  if (bounds !== undefined && (!/^\d{1,9}$/.test(value) || Number(value) < bounds.least || Number(value) > bounds.most)) throw invalidValue(name);
  if (CHOICES[name]?.(value) === false) throw invalidValue(name);
  if (name === 'RedrivePolicy') readRedrivePolicy(value);
  if (name === 'RedriveAllowPolicy') readAllowPolicy(value);
  if (name === 'Policy') checkPolicy(value, policies);
}

function checkPolicy(document: string, policies: ResourcePolicies): void {
  try {
    policies.check(document);
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    throw fail('InvalidAttributeValue', `Invalid value for the parameter Policy. Reason: ${cause.message}`, { cause });
  }
}

/** Whether two values of an attribute mean the same; policies do whatever their layout. */
export function sameValue(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.startsWith('{') && layout(a) === layout(b));
}

function layout(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}
