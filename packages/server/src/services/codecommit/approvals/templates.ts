import type { CodeCommitApi } from '@slipway/contracts';
import type { ApprovalRuleTemplate } from '@slipway/contracts/codecommit';
import { whenTaken } from '../../../kernel/database/index.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { pageSize, pagesOf } from '../pages.ts';
import type { ReviewDeps } from '../deps.ts';
import { sameContent, templateContent, templateDescription, templateName } from './checks.ts';
import { contentSha256 } from './content.ts';
import { templateEvent } from './events.ts';
import { countTemplates, deleteTemplate, findTemplate, insertTemplate, listTemplates, lockTemplate, repositoriesOf, updateTemplate } from './store.ts';
import type { TemplateRow } from './store.ts';

export function approvalTemplates({ db, clock, outbox, paging }: ReviewDeps & { readonly paging: Paging }) {
  type Change = Partial<Pick<TemplateRow, 'name' | 'description' | 'content' | 'content_sha256'>>;

  async function update(call: Call, name: string, changeOf: (row: TemplateRow) => Change) {
    const row = await db.transaction(async (tx) => {
      const current = await lockTemplate(tx, call, name);
      if (!current) throw noTemplate(name);
      const change = { ...changeOf(current), modified_by: call.caller.arn, modified_at: clock.now() };
      const next = { ...current, ...change };
      await updateTemplate(tx, current, change).catch(nameTaken(next.name));
      await outbox.emit(tx, templateEvent(next, call.caller.arn, 'approvalRuleTemplateUpdated'));
      return next;
    });
    return { approvalRuleTemplate: templateShape(row) };
  }

  return {
    async CreateApprovalRuleTemplate(input, call) {
      const name = templateName(input.approvalRuleTemplateName);
      templateContent(input.approvalRuleTemplateContent);
      const now = clock.now();
      const row: TemplateRow = {
        account: call.account, region: call.region, template_id: uuid(), name, description: templateDescription(input.approvalRuleTemplateDescription),
        content: input.approvalRuleTemplateContent, content_sha256: contentSha256(input.approvalRuleTemplateContent), modified_by: call.caller.arn, created_at: now, modified_at: now,
      };
      await db.transaction(async (tx) => {
        if (await countTemplates(tx, call) >= limits.approvalTemplates) {
          throw fail('NumberOfRuleTemplatesExceededException', `There are at most ${limits.approvalTemplates} approval rule templates in a region.`);
        }
        await insertTemplate(tx, row).catch(nameTaken(name));
        await outbox.emit(tx, templateEvent(row, call.caller.arn, 'approvalRuleTemplateCreated'));
      });
      return { approvalRuleTemplate: templateShape(row) };
    },

    async GetApprovalRuleTemplate(input, call) {
      const name = templateName(input.approvalRuleTemplateName);
      const row = await findTemplate(db, call, name);
      if (!row) throw noTemplate(name);
      return { approvalRuleTemplate: templateShape(row) };
    },

    async ListApprovalRuleTemplates(input, call) {
      const limit = pageSize(input.maxResults, { most: limits.approvalTemplatesPerPage });
      const listing = pagesOf(paging, call, 'ListApprovalRuleTemplates', []);
      const after = listing.read(input.nextToken || undefined)?.[0];
      const names = await listTemplates(db, call, { after: after === undefined ? undefined : String(after), limit: limit + 1 });
      const { page, next } = listing.cut(names, limit, (name) => [name]);
      return { approvalRuleTemplateNames: [...page], nextToken: next };
    },

    /** Deleting what is not there succeeds and answers an empty id: the contract has no error for it. */
    async DeleteApprovalRuleTemplate(input, call) {
      const name = templateName(input.approvalRuleTemplateName);
      return db.transaction(async (tx) => {
        const row = await lockTemplate(tx, call, name);
        if (!row) return { approvalRuleTemplateId: '' };
        if ((await repositoriesOf(tx.query, row)).length > 0) {
          throw fail('ApprovalRuleTemplateInUseException', 'The approval rule template is associated with one or more repositories. Remove all associations, and then try again.');
        }
        await deleteTemplate(tx, row);
        await outbox.emit(tx, templateEvent({ ...row, modified_at: clock.now() }, call.caller.arn, 'approvalRuleTemplateDeleted'));
        return { approvalRuleTemplateId: row.template_id };
      });
    },

    /** Rules that the template made before stay as they are. */
    async UpdateApprovalRuleTemplateContent(input, call) {
      const name = templateName(input.approvalRuleTemplateName);
      templateContent(input.newRuleContent);
      return update(call, name, ({ content_sha256: current }) => {
        sameContent(input.existingRuleContentSha256, current);
        return { content: input.newRuleContent, content_sha256: contentSha256(input.newRuleContent) };
      });
    },

    async UpdateApprovalRuleTemplateDescription(input, call) {
      const name = templateName(input.approvalRuleTemplateName);
      const description = templateDescription(input.approvalRuleTemplateDescription);
      return update(call, name, () => ({ description }));
    },

    async UpdateApprovalRuleTemplateName(input, call) {
      const name = templateName(input.newApprovalRuleTemplateName);
      return update(call, templateName(input.oldApprovalRuleTemplateName), () => ({ name }));
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

function templateShape(row: TemplateRow): ApprovalRuleTemplate {
  return {
    approvalRuleTemplateId: row.template_id,
    approvalRuleTemplateName: row.name,
    ...row.description === null ? {} : { approvalRuleTemplateDescription: row.description },
    approvalRuleTemplateContent: row.content,
    ruleContentSha256: row.content_sha256,
    lastModifiedDate: row.modified_at,
    creationDate: row.created_at,
    lastModifiedUser: row.modified_by,
  };
}

export const noTemplate = (name: string): Error => fail('ApprovalRuleTemplateDoesNotExistException', `The approval rule template does not exist: ${name}`);

const nameTaken = (name: string) => whenTaken(() => fail('ApprovalRuleTemplateNameAlreadyExistsException', `An approval rule template with that name already exists: ${name}`));
