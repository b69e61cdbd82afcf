import { topicArn } from '../arns.ts';
import { bodyFor } from '../publishing/message.ts';
import type { Content } from '../publishing/message.ts';
import type { Signer } from './signing.ts';
import type { SubscriptionRow } from '../tables.ts';

/** What asks for something: for a subscription's confirmation, or whether its end was meant. */
type Asking = 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';

export interface Envelope {
  readonly type: 'Notification' | Asking;
  readonly messageId: string;
  /** AWS's JSON, one member to a line. */
  readonly json: string;
}

/** What a sender brings to an endpoint. */
export interface Outgoing {
  readonly envelope: Envelope;
  /** Undefined where there is no message. */
  readonly content: Content | undefined;
}

export interface Sealing {
  readonly signer: Signer;
  readonly version: '1' | '2';
}

/** Links that work by a plain GET. */
export const unsubscribeUrl = ({ base, arn }: SubscriptionRow): string => `${base}/?Action=Unsubscribe&SubscriptionArn=${encodeURIComponent(arn)}`;
const subscribeUrl = (row: SubscriptionRow, token: string): string => `${row.base}/?Action=ConfirmSubscription&TopicArn=${encodeURIComponent(topicArn(row))}&Token=${token}`;

/** A published message in AWS's envelope; those of FIFO topics carry a sequence number and no signature. */
export async function notification({ signer, version }: Sealing, to: SubscriptionRow, message: { id: string; content: Content; created: number }): Promise<Envelope> {
  const { content, id, created } = message;
  const TopicArn = topicArn(to);
  const Message = bodyFor(content, to.protocol);
  const signed = { Message, MessageId: id, ...(content.subject !== undefined && { Subject: content.subject }), Timestamp: new Date(created).toISOString(), TopicArn, Type: 'Notification' };
  const attributes = Object.entries(content.attributes);
  const members = {
    Type: signed.Type,
    MessageId: id,
    ...(content.sequence !== undefined && { SequenceNumber: content.sequence }),
    TopicArn,
    ...(content.subject !== undefined && { Subject: content.subject }),
    Message,
    Timestamp: signed.Timestamp,
    ...(content.sequence === undefined && (await signature({ signer, version }, to, signed))),
    UnsubscribeURL: unsubscribeUrl(to),
    ...(attributes.length > 0 && { MessageAttributes: Object.fromEntries(attributes.map(([name, { type, value }]) => [name, { Type: type, Value: value }])) }),
  };
  return { type: 'Notification', messageId: id, json: lines(members) };
}

/** What asks an endpoint's owner to confirm, or tells of the subscription's end; the link leads to a confirmed subscription either way. */
export async function confirmation({ signer, version }: Sealing, to: SubscriptionRow, request: { type: Asking; messageId: string; token: string; now: number }): Promise<Envelope> {
  const TopicArn = topicArn(to);
  const SubscribeURL = subscribeUrl(to, request.token);
  const Message = request.type === 'SubscriptionConfirmation'
    ? `You have chosen to subscribe to the topic ${TopicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`
    : `You have chosen to deactivate subscription ${to.arn}.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.`;
  const Timestamp = new Date(request.now).toISOString();
  const signed = { Message, MessageId: request.messageId, SubscribeURL, Timestamp, Token: request.token, TopicArn, Type: request.type };
  const members = { Type: signed.Type, MessageId: request.messageId, Token: request.token, TopicArn, Message, SubscribeURL, Timestamp, ...(await signature({ signer, version }, to, signed)) };
  return { type: request.type, messageId: request.messageId, json: lines(members) };
}

/** AWS signs the names and values of some members, in the alphabet's order, each on a line of its own. */
async function signature({ signer, version }: Sealing, { base }: SubscriptionRow, signed: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const text = Object.entries(signed).map(([name, value]) => `${name}\n${value}\n`).join('');
  return { SignatureVersion: version, Signature: await signer.sign(text, version), SigningCertURL: `${base}${await signer.certificatePath()}` };
}

function lines(members: Readonly<Record<string, unknown>>): string {
  return `{\n${Object.entries(members).map(([name, value]) => `  ${JSON.stringify(name)} : ${JSON.stringify(value)}`).join(',\n')}\n}`;
}
