import type { SNSApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';
import type { ServiceError } from '../../kernel/errors.ts';

export const fail = failures<SNSApi>();

/** SNS's one way to refuse an input: `Invalid parameter: TopicArn`. */
export const invalid = (what: string): ServiceError => fail('InvalidParameterException', `Invalid parameter: ${what}`);

export const notSupported = (what: string): ServiceError => fail('InvalidParameterException', `Invalid parameter: ${what} is not supported by Slipway yet`);

export const noTopic = (): ServiceError => fail('NotFoundException', 'Topic does not exist');

export const noSubscription = (): ServiceError => fail('NotFoundException', 'Subscription does not exist');
