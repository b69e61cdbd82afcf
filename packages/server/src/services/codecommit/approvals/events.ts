import type { DomainEvent } from '../../../engine/outbox.ts';
import { repositoryArn } from '../arns.ts';
import { eventDate } from '../event-words.ts';
import type { RepositoryRow } from '../store.ts';
import type { TemplateRow } from './store.ts';

export type TemplateHappening =
  | 'approvalRuleTemplateCreated' | 'approvalRuleTemplateUpdated' | 'approvalRuleTemplateDeleted'
  | 'approvalRuleTemplateAssociatedWithRepository' | 'approvalRuleTemplateDisassociatedFromRepository'
  | 'batchAssociateApprovalRuleTemplateWithRepositories' | 'batchDisassociateApprovalRuleTemplateFromRepositories';

/** "CodeCommit Approval Rule Template Change", in the words of the User Guide's "Monitoring CodeCommit events". */
export function templateEvent(template: TemplateRow, callerUserArn: string, event: TemplateHappening, repositories: readonly Pick<RepositoryRow, 'name' | 'repository_id'>[] = []): DomainEvent {
  const { account, region } = template;
  return {
    account,
    region,
    source: 'aws.codecommit',
    detailType: 'CodeCommit Approval Rule Template Change',
    resources: repositories.map(({ name }) => repositoryArn({ account, region }, name)),
    aggregate: `codecommit/approval-template/${template.template_id}`,
    detail: {
      approvalRuleTemplateContentSha256: template.content_sha256,
      approvalRuleTemplateId: template.template_id,
      approvalRuleTemplateName: template.name,
      callerUserArn,
      creationDate: eventDate(template.created_at),
      event,
      lastModifiedDate: eventDate(template.modified_at),
      notificationBody: `A approval rule template event occurred in the following AWS CodeCommit account: ${account}. User: ${callerUserArn}. ${told(template, event, repositories.map(({ name }) => name))} For more information, go to the AWS CodeCommit console.`,
      repositories: Object.fromEntries(repositories.map(({ name, repository_id: id }) => [name, id])),
    },
  };
}

function told({ name, template_id: id, content_sha256: sha }: TemplateRow, event: TemplateHappening, repositories: readonly string[]): string {
  const list = `[${repositories.join(', ')}]`;
  switch (event) {
    case 'approvalRuleTemplateCreated':
      return ` Additional information: An approval rule template with the following name has been created: ${name}. The ID of the created template is: ${id}.`;
    case 'approvalRuleTemplateUpdated':
      return `Additional information: An approval rule template with the following name has been updated: ${name}. The ID of the updated template is: ${id}. The after rule template content SHA256 is ${sha}.`;
    case 'approvalRuleTemplateDeleted':
      return `Additional information: An approval rule template with the following name has been deleted: ${name}. The ID of the updated template is: ${id}.`;
    case 'approvalRuleTemplateAssociatedWithRepository':
      return `Additional information: An approval rule template has been associated with the following repository: ${list}.`;
    case 'approvalRuleTemplateDisassociatedFromRepository':
      return `Additional information: An approval rule template has been disassociated from the following repository: ${list}.`;
    case 'batchAssociateApprovalRuleTemplateWithRepositories':
      return `Additional information: An approval rule template has been batch associated with the following repository names: ${list}.`;
    case 'batchDisassociateApprovalRuleTemplateFromRepositories':
      return `Additional information: An approval rule template has been batch disassociated from the following repository names: ${list}.`;
  }
}
