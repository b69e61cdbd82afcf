import type { CodeCommitApi } from '@slipway/contracts';
import type { BatchAssociateApprovalRuleTemplateWithRepositoriesError } from '@slipway/contracts/codecommit';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Transaction } from '../../../kernel/database.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { repositoryName } from '../checks.ts';
import { existing } from '../lookup.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { pageSize, pagesOf } from '../pages.ts';
import type { ReviewDeps } from '../deps.ts';
import { lockRepository } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { templateName } from './checks.ts';
import { templateEvent } from './events.ts';
import { associate, disassociate, findTemplate, lockTemplate, repositoriesOf, templatesFor } from './store.ts';
import type { TemplateRow } from './store.ts';
import { noTemplate } from './templates.ts';

type BatchError = Required<BatchAssociateApprovalRuleTemplateWithRepositoriesError>;
type Change = (tx: Transaction, template: TemplateRow, repository: RepositoryRow) => Promise<boolean>;

const add: Change = async (tx, template, repository) => {
  const others = await templatesFor(tx.query, repository);
  if (others.some(({ template_id: id }) => id === template.template_id)) return false;
  if (others.length >= limits.approvalRulesFromTemplates) {
    throw fail('MaximumRuleTemplatesAssociatedWithRepositoryException', `A repository is associated with at most ${limits.approvalRulesFromTemplates} approval rule templates.`);
  }
  return associate(tx, template, repository.repository_id);
};
const remove: Change = (tx, template, repository) => disassociate(tx, template, repository.repository_id);

/** Which templates make rules on the new pull requests of which repositories. */
export function approvalAssociations({ db, outbox, paging }: ReviewDeps & { readonly paging: Paging }) {
  /** Saying again what is so already changes nothing and tells nobody. */
  async function one(call: Call, input: { approvalRuleTemplateName: string; repositoryName: string }, change: Change, event: 'approvalRuleTemplateAssociatedWithRepository' | 'approvalRuleTemplateDisassociatedFromRepository') {
    const name = templateName(input.approvalRuleTemplateName);
    const row = await existing(db, call, input.repositoryName);
    await db.transaction(async (tx) => {
      const { template, repository } = await locked(tx, call, name, row);
      if (await change(tx, template, repository)) await outbox.emit(tx, templateEvent(template, call.caller.arn, event, [repository]));
    });
    return {};
  }

  async function several(call: Call, input: { approvalRuleTemplateName: string; repositoryNames: readonly string[] }, change: Change, event: 'batchAssociateApprovalRuleTemplateWithRepositories' | 'batchDisassociateApprovalRuleTemplateFromRepositories') {
    const name = templateName(input.approvalRuleTemplateName);
    if (input.repositoryNames.length > limits.batchRepositories) throw fail('MaximumRepositoryNamesExceededException', `At most ${limits.batchRepositories} repository names can be given.`);
    if (!await findTemplate(db, call, name)) throw noTemplate(name);
    const found = await resolve(call, input.repositoryNames);
    return db.transaction(async (tx) => {
      const errors = [...found.errors];
      const done: RepositoryRow[] = [];
      const changed: RepositoryRow[] = [];
      // One order for all, so that no two batches wait for each other.
      for (const row of found.rows.toSorted((one, other) => (one.repository_id < other.repository_id ? -1 : 1))) {
        try {
          const { template, repository } = await locked(tx, call, name, row);
          if (await change(tx, template, repository)) changed.push(repository);
          done.push(repository);
        } catch (error) {
          errors.push(entryFor(row.name, error));
        }
      }
      const template = await lockTemplate(tx, call, name);
      if (template && changed.length > 0) await outbox.emit(tx, templateEvent(template, call.caller.arn, event, inOrderOf(input.repositoryNames, changed)));
      return { names: inOrderOf(input.repositoryNames, done).map((row) => row.name), errors };
    });
  }

  async function resolve(call: Call, names: readonly string[]): Promise<{ rows: RepositoryRow[]; errors: BatchError[] }> {
    const rows: RepositoryRow[] = [];
    const errors: BatchError[] = [];
    for (const given of new Set(names)) {
      try {
        rows.push(await existing(db, call, repositoryName(given)));
      } catch (error) {
        errors.push(entryFor(given, error));
      }
    }
    return { rows, errors };
  }

  return {
    async AssociateApprovalRuleTemplateWithRepository(input, call) {
      return one(call, input, add, 'approvalRuleTemplateAssociatedWithRepository');
    },

    async DisassociateApprovalRuleTemplateFromRepository(input, call) {
      return one(call, input, remove, 'approvalRuleTemplateDisassociatedFromRepository');
    },

    async BatchAssociateApprovalRuleTemplateWithRepositories(input, call) {
      const { names, errors } = await several(call, input, add, 'batchAssociateApprovalRuleTemplateWithRepositories');
      return { associatedRepositoryNames: names, errors };
    },

    async BatchDisassociateApprovalRuleTemplateFromRepositories(input, call) {
      const { names, errors } = await several(call, input, remove, 'batchDisassociateApprovalRuleTemplateFromRepositories');
      return { disassociatedRepositoryNames: names, errors };
    },

    async ListAssociatedApprovalRuleTemplatesForRepository(input, call) {
      const repository = await existing(db, call, input.repositoryName);
      const limit = pageSize(input.maxResults, { most: limits.approvalTemplatesPerPage });
      const listing = pagesOf(paging, call, 'ListAssociatedApprovalRuleTemplatesForRepository', repository.repository_id);
      const names = (await templatesFor(db.read, repository)).map(({ name }) => name);
      const { page, next } = listing.within(names, input.nextToken || undefined, limit, (name) => name);
      return { approvalRuleTemplateNames: [...page], nextToken: next };
    },

    async ListRepositoriesForApprovalRuleTemplate(input, call) {
      const name = templateName(input.approvalRuleTemplateName);
      const template = await findTemplate(db, call, name);
      if (!template) throw noTemplate(name);
      const limit = pageSize(input.maxResults, { most: limits.approvalTemplatesPerPage });
      const listing = pagesOf(paging, call, 'ListRepositoriesForApprovalRuleTemplate', template.template_id);
      const { page, next } = listing.within(await repositoriesOf(db.read, template), input.nextToken || undefined, limit, (repository) => repository);
      return { repositoryNames: [...page], nextToken: next };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

/** What went wrong with one repository of a batch. Anything but a refusal ends the batch. */
function entryFor(repository: string, error: unknown): BatchError {
  if (!(error instanceof ServiceError)) throw error;
  return { repositoryName: repository, errorCode: error.name, errorMessage: error.message };
}

function inOrderOf(names: readonly string[], rows: readonly RepositoryRow[]): RepositoryRow[] {
  return rows.toSorted((one, other) => names.indexOf(one.name) - names.indexOf(other.name));
}

async function locked(tx: Transaction, call: Call, name: string, row: RepositoryRow): Promise<{ template: TemplateRow; repository: RepositoryRow }> {
  const repository = await lockRepository(tx, row, row.repository_id);
  if (!repository) throw fail('RepositoryDoesNotExistException', `${row.name} does not exist`);
  const template = await lockTemplate(tx, call, name);
  if (!template) throw noTemplate(name);
  return { template, repository };
}
