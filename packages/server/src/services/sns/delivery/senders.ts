import type { MessageAttributeValue } from '@slipway/contracts/sqs';
import { serviceCaller } from '../../../kernel/caller.ts';
import { ServiceError, mayPass } from '../../../kernel/errors.ts';
import { OutboundRefused } from '../../../outbound/outbound.ts';
import { queueOf, topicArn } from '../arns.ts';
import { effectivePolicy } from './delivery-policy.ts';
import type { SnsDeps } from '../deps.ts';
import { unsubscribeUrl } from './envelope.ts';
import type { Outgoing } from './envelope.ts';
import { HTTP_TIMEOUT_MS, LIMITS } from '../limits.ts';
import type { Mailer } from './mailer.ts';
import { Refused } from './refused.ts';
import { bodyFor } from '../publishing/message.ts';
import type { SubscriptionRow, TopicRow } from '../tables.ts';
import { attributesOf } from '../topics/attributes.ts';

interface Sending extends Outgoing {
  readonly topic: TopicRow;
  readonly to: SubscriptionRow;
  readonly signal: AbortSignal;
}

export interface Senders {
  /** Resolves when the endpoint has taken it. @throws Refused where trying again cannot help; anything else where it may. */
  send(sending: Sending): Promise<void>;
  sendToQueue(queue: string, sending: Sending): Promise<void>;
}

const SERVICE = 'sns.amazonaws.com';
const MAX_ANSWER_BYTES = 4096;

export function createSenders({ outbound, peers, mailer }: Pick<SnsDeps, 'outbound' | 'peers'> & { mailer: Mailer | undefined }): Senders {
  async function sendHttp({ topic, to, envelope, content, signal }: Sending): Promise<void> {
    const raw = isRaw(to) && content !== undefined;
    const { requestPolicy } = effectivePolicy(attributesOf(topic)['DeliveryPolicy'], attributesOf(to)['DeliveryPolicy']);
    const headers: Record<string, string> = {
      'x-amz-sns-message-type': envelope.type,
      'x-amz-sns-message-id': envelope.messageId,
      'x-amz-sns-topic-arn': topicArn(to),
      ...(envelope.type !== 'SubscriptionConfirmation' && { 'x-amz-sns-subscription-arn': to.arn }),
      ...(raw && { 'x-amz-sns-rawdelivery': 'true' }),
      'content-type': requestPolicy?.headerContentType ?? 'text/plain; charset=UTF-8',
      'user-agent': 'Amazon Simple Notification Service Agent',
    };
    const body = raw ? bodyFor(content, to.protocol) : envelope.json;
    const { status } = await outbound.request({ method: 'POST', url: new URL(to.endpoint), headers, body, timeout: HTTP_TIMEOUT_MS, maxBody: MAX_ANSWER_BYTES, signal }).catch((error: unknown) => {
      throw error instanceof OutboundRefused ? new Refused(error.message, { cause: error }) : error;
    });
    if (status >= 200 && status < 300) return;
    const message = `The endpoint answered with status ${status}`;
    throw status >= 500 || status === 429 || status < 200 ? new Error(message) : new Refused(message);
  }

  async function sendToQueue(arn: string, { topic, to, envelope, content, signal }: Sending): Promise<void> {
    const queue = queueOf(arn);
    if (queue === undefined) throw new Refused(`${arn} is no queue`);
    const raw = isRaw(to) && content !== undefined;
    const attributes = raw ? Object.entries(content.attributes) : [];
    if (attributes.length > LIMITS.rawAttributes) throw new Refused(`A queue takes at most ${LIMITS.rawAttributes} attributes with raw delivery; the message has ${attributes.length}`);
    const sqs = peers.as(serviceCaller(SERVICE, topic.account, topicArn(topic))).sqs;
    const group = content?.group;
    // A queue's URL is read by its path.
    const input = {
      QueueUrl: `${to.base}/${queue.account}/${queue.name}`,
      MessageBody: raw ? bodyFor(content, to.protocol) : envelope.json,
      ...(attributes.length > 0 && { MessageAttributes: Object.fromEntries(attributes.map(([name, { type, value }]): [string, MessageAttributeValue] => [
        name, { DataType: type, ...(type.startsWith('Binary') ? { BinaryValue: Buffer.from(value, 'base64') } : { StringValue: value }) },
      ])) }),
      ...(queue.fifo && { MessageGroupId: group ?? topic.topic, MessageDeduplicationId: content?.deduplication ?? envelope.messageId }),
      ...(!queue.fifo && group !== undefined && content?.sequence === undefined && { MessageGroupId: group }),
    };
    await sqs.SendMessage(input, { region: queue.region, signal }).catch((error: unknown) => {
      throw error instanceof ServiceError && !mayPass(error) ? new Refused(error.message, { cause: error }) : error;
    });
  }

  async function sendMail({ topic, to, envelope, content }: Sending): Promise<void> {
    if (mailer === undefined) throw new Error('No mail server is set (SLIPWAY_SMTP_URL)');
    const name = attributesOf(topic)['DisplayName'] ?? topic.topic;
    if (to.protocol === 'email-json') return mailer.send({ to: to.endpoint, name, subject: content?.subject ?? (content ? 'AWS Notification Message' : 'AWS Notification - Subscription Confirmation'), text: envelope.json });
    if (content === undefined) {
      const { SubscribeURL } = JSON.parse(envelope.json) as { SubscribeURL: string };
      const text = `This address was subscribed to the topic:\n${topicArn(topic)}\n\nTo confirm, open this link:\n${SubscribeURL}\n\nIf you did not ask for this, do nothing: without confirmation you get no messages.\n`;
      return mailer.send({ to: to.endpoint, name, subject: 'AWS Notification - Subscription Confirmation', text });
    }
    const text = `${bodyFor(content, to.protocol)}\n\n--\nTo get no more messages from this topic, open this link:\n${unsubscribeUrl(to)}\n`;
    return mailer.send({ to: to.endpoint, name, subject: content.subject ?? 'AWS Notification Message', text });
  }

  return {
    send(sending) {
      const { protocol, endpoint } = sending.to;
      if (protocol === 'sqs') return sendToQueue(endpoint, sending);
      return protocol.startsWith('email') ? sendMail(sending) : sendHttp(sending);
    },
    sendToQueue,
  };
}

const isRaw = (row: SubscriptionRow): boolean => attributesOf(row)['RawMessageDelivery'] === 'true';
