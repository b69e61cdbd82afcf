import type { SNSApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { acceptance } from './publishing/accept.ts';
import { access } from './access.ts';
import { confirmingBy } from './subscriptions/confirming.ts';
import { deliverInJobs } from './delivery/deliver.ts';
import type { SnsDeps } from './deps.ts';
import { door } from './door.ts';
import { createMailer } from './delivery/mailer.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { permissions } from './topics/permissions.ts';
import { publishing } from './publishing/publish.ts';
import { createSenders } from './delivery/senders.ts';
import { createSigner } from './delivery/signing.ts';
import { subscriptions } from './subscriptions/subscriptions.ts';
import { keepTidy } from './delivery/sweep.ts';
import { tagOperations } from './tags.ts';
import { topics } from './topics/topics.ts';
import { createWakes } from './delivery/wakes.ts';

export type { MailServer, SnsDeps } from './deps.ts';

/** Topics, subscriptions and the delivery of messages over HTTP, e-mail and to queues. */
export function createSns(deps: SnsDeps): Room {
  const { db, clock, jobs, hash, log } = deps;
  const wakes = createWakes();
  const signer = createSigner(deps);
  const confirming = confirmingBy(deps);
  const mailer = deps.smtp && createMailer(deps.smtp);
  const sweep = keepTidy(deps);
  deliverInJobs({ db, clock, jobs, hash, log, wakes, signer, senders: createSenders({ ...deps, mailer }) });
  return {
    service: service<SNSApi>()({
      name: 'sns',
      operations: {
        ...topics(deps), ...permissions(deps), ...tagOperations(deps), ...subscriptions(deps, confirming),
        ...publishing({ db, clock, acceptance: acceptance({ db, clock, jobs, wakes }) }),
      },
      access: access(db),
      notYet,
    }),
    migrations,
    doors: [door({ confirming, signer })],
    start: sweep.start,
    async stop() {
      mailer?.close();
    },
  };
}
