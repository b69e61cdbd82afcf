import type { ServerResponse } from 'node:http';
import type { Door } from '../../kernel/door.ts';
import { ServiceError } from '../../kernel/errors.ts';
import { parseArn } from '../../kernel/arn.ts';
import { subscriptionKey, topicKey } from './arns.ts';
import type { Confirming } from './subscriptions/confirming.ts';
import { isCertificatePath } from './delivery/signing.ts';
import type { Signer } from './delivery/signing.ts';

const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';
const STATUS: Readonly<Record<string, number>> = { NotFoundException: 404, AuthorizationErrorException: 403 };

/**
 * What is open without a signature, as on AWS: the certificate, and the links in messages to confirm and to unsubscribe.
 * The links' own secrets are the token and the subscription's id.
 */
export function door({ confirming, signer }: { confirming: Confirming; signer: Signer }): Door {
  async function follow(query: URLSearchParams): Promise<string> {
    const arn = query.get('TopicArn') ?? query.get('SubscriptionArn') ?? '';
    const region = parseArn(arn)?.region ?? '';
    if (query.get('Action') === 'Unsubscribe') {
      await confirming.unsubscribeByLink(subscriptionKey(arn, region));
      return '';
    }
    const locked = query.get('AuthenticateOnUnsubscribe')?.toLowerCase() === 'true';
    const confirmed = await confirming.confirm(topicKey(arn, region), query.get('Token') ?? '', { signed: false, locked });
    return `<ConfirmSubscriptionResult><SubscriptionArn>${escaped(confirmed)}</SubscriptionArn></ConfirmSubscriptionResult>`;
  }

  return {
    name: 'sns',
    matches({ method, path, query, signed }) {
      if (method !== 'GET' && method !== 'HEAD') return false;
      if (isCertificatePath(path)) return true;
      return method === 'GET' && path === '/' && !signed && /(^|&)Action=(ConfirmSubscription|Unsubscribe)(&|$)/.test(query);
    },

    async handle(request, response, { requestId }) {
      request.resume();
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (isCertificatePath(url.pathname)) {
        const pem = await signer.certificateAt(url.pathname);
        return answer(response, pem === undefined ? 404 : 200, pem === undefined ? 'text/plain' : 'application/x-pem-file', pem ?? 'No such certificate\n');
      }
      const action = url.searchParams.get('Action') ?? '';
      const metadata = `<RequestId>${requestId}</RequestId>`;
      try {
        const result = await follow(url.searchParams);
        answer(response, 200, 'text/xml', `<${action}Response xmlns="${NAMESPACE}">${result}<ResponseMetadata>${metadata}</ResponseMetadata></${action}Response>\n`);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const code = error.name.replace(/Exception$/, '');
        answer(response, STATUS[error.name] ?? 400, 'text/xml', `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(error.message)}</Message></Error>${metadata}</ErrorResponse>\n`);
      }
    },
  };
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'x-content-type-options': 'nosniff' }).end(body);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
