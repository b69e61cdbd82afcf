import { OutboundFailed, OutboundRefused } from '../../../outbound/outbound.ts';
import type { Outbound } from '../../../outbound/outbound.ts';
import { queueOf } from '../arns.ts';
import { invalid, notSupported } from '../fail.ts';

interface Checks {
  readonly outbound: Outbound;
  readonly canMail: boolean;
  readonly region: string;
  readonly fifo: boolean;
}

/** Refuses what cannot be subscribed, in AWS's words where AWS refuses it too. */
export async function checkEndpoint(protocol: string, endpoint: string, { outbound, canMail, region, fifo }: Checks): Promise<void> {
  if (['lambda', 'firehose', 'sms', 'application'].includes(protocol)) throw notSupported(`Protocol ${protocol}`);
  if (!['http', 'https', 'email', 'email-json', 'sqs'].includes(protocol)) throw invalid('Amazon SNS does not support this protocol string: ' + protocol);
  if (fifo && protocol !== 'sqs') throw invalid('Endpoint Reason: Please use SQS FIFO queue or standard queue for a FIFO topic');
  if (endpoint.length > 2048) throw invalid('Endpoint');
  if (protocol === 'sqs') return checkQueue(endpoint, region, fifo);
  if (protocol.startsWith('email')) return checkAddress(endpoint, canMail);
  return checkUrl(protocol, endpoint, outbound);
}

function checkQueue(endpoint: string, region: string, fifo: boolean): void {
  const queue = queueOf(endpoint);
  if (queue === undefined) throw invalid('SQS endpoint ARN');
  if (queue.region !== region) throw notSupported(`Endpoint Reason: delivery to a queue in another region (${queue.region})`);
  if (queue.fifo && !fifo) throw invalid('Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics');
}

function checkAddress(endpoint: string, canMail: boolean): void {
  // One address, nothing that a header could read as more.
  if (!/^[^\s@<>(),;:\\"[\]\p{C}]{1,64}@[^\s@<>(),;:\\"[\]\p{C}]{1,255}$/u.test(endpoint)) throw invalid('Email address');
  if (!canMail) throw invalid('Protocol Reason: this installation sends no e-mail. Its operator can set SLIPWAY_SMTP_URL');
}

async function checkUrl(protocol: string, endpoint: string, outbound: Outbound): Promise<void> {
  if (!URL.canParse(endpoint) || !endpoint.toLowerCase().startsWith(`${protocol}://`)) throw invalid('Endpoint must match the specified protocol');
  const url = new URL(endpoint);
  if (url.username !== '' || url.password !== '') throw notSupported('Endpoint Reason: a user name or password in the URL');
  try {
    await outbound.resolve(url.hostname.replace(/^\[|\]$/g, ''));
  } catch (error) {
    if (error instanceof OutboundRefused || error instanceof OutboundFailed) throw invalid(`Endpoint Reason: ${error.message}`);
    throw error;
  }
}
