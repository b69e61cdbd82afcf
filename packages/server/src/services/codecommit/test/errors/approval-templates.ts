import { reviewScene, rule } from '../review-scene.ts';
import type { ReviewScene } from '../review-scene.ts';
import type { ErrorGroup, Provocations } from './provocations.ts';

type Client = ReviewScene['root'];

const onName = (call: (client: Client, name: string) => Promise<unknown>) => ({
  ApprovalRuleTemplateNameRequired: ({ root }: ReviewScene) => call(root, ''),
  InvalidApprovalRuleTemplateName: ({ root }: ReviewScene) => call(root, 'a/b'),
});
const onExisting = (call: (client: Client, name: string) => Promise<unknown>) => ({
  ...onName(call),
  ApprovalRuleTemplateDoesNotExist: ({ root }: ReviewScene) => call(root, 'none'),
});
const onRepository = (call: (client: Client, repositoryName: string) => Promise<unknown>) => ({
  RepositoryNameRequired: ({ root }: ReviewScene) => call(root, ''),
  InvalidRepositoryName: ({ root }: ReviewScene) => call(root, 'a b'),
  RepositoryDoesNotExist: ({ root }: ReviewScene) => call(root, 'nothing'),
});
const paged = (call: (client: Client, page: { nextToken?: string; maxResults?: number }) => Promise<unknown>) => ({
  InvalidMaxResults: ({ root }: ReviewScene) => call(root, { maxResults: 0 }),
  InvalidContinuationToken: ({ root }: ReviewScene) => call(root, { nextToken: 'foreign' }),
});
const many = Array.from({ length: 101 }, (_, index) => `r${index}`);

const table: Provocations<ReviewScene> = {
  CreateApprovalRuleTemplate: {
    ...onName((client, name) => client.createApprovalRuleTemplate({ approvalRuleTemplateName: name, approvalRuleTemplateContent: rule(1) })),
    ApprovalRuleTemplateContentRequired: ({ root }) => root.createApprovalRuleTemplate({ approvalRuleTemplateName: 'new', approvalRuleTemplateContent: '' }),
    InvalidApprovalRuleTemplateContent: ({ root }) => root.createApprovalRuleTemplate({ approvalRuleTemplateName: 'new', approvalRuleTemplateContent: '{"Version":"2018-11-08"}' }),
    InvalidApprovalRuleTemplateDescription: ({ root }) => root.createApprovalRuleTemplate({ approvalRuleTemplateName: 'new', approvalRuleTemplateContent: rule(1), approvalRuleTemplateDescription: 'x'.repeat(1_001) }),
    ApprovalRuleTemplateNameAlreadyExists: ({ root }) => root.createApprovalRuleTemplate({ approvalRuleTemplateName: 'two', approvalRuleTemplateContent: rule(1) }),
    NumberOfRuleTemplatesExceeded: 'a thousand templates take too long to make here; the count is one comparison',
  },
  GetApprovalRuleTemplate: onExisting((client, name) => client.getApprovalRuleTemplate({ approvalRuleTemplateName: name })),
  ListApprovalRuleTemplates: paged((client, page) => client.listApprovalRuleTemplates(page)),
  DeleteApprovalRuleTemplate: {
    ...onName((client, name) => client.deleteApprovalRuleTemplate({ approvalRuleTemplateName: name })),
    ApprovalRuleTemplateInUse: ({ root }) => root.deleteApprovalRuleTemplate({ approvalRuleTemplateName: 'used' }),
  },
  UpdateApprovalRuleTemplateContent: {
    ...onExisting((client, name) => client.updateApprovalRuleTemplateContent({ approvalRuleTemplateName: name, newRuleContent: rule(1) })),
    ApprovalRuleTemplateContentRequired: ({ root }) => root.updateApprovalRuleTemplateContent({ approvalRuleTemplateName: 'two', newRuleContent: '' }),
    InvalidApprovalRuleTemplateContent: ({ root }) => root.updateApprovalRuleTemplateContent({ approvalRuleTemplateName: 'two', newRuleContent: 'no' }),
    InvalidRuleContentSha256: ({ root }) => root.updateApprovalRuleTemplateContent({ approvalRuleTemplateName: 'two', newRuleContent: rule(1), existingRuleContentSha256: '0' }),
  },
  UpdateApprovalRuleTemplateDescription: {
    ...onExisting((client, name) => client.updateApprovalRuleTemplateDescription({ approvalRuleTemplateName: name, approvalRuleTemplateDescription: 'New' })),
    InvalidApprovalRuleTemplateDescription: ({ root }) => root.updateApprovalRuleTemplateDescription({ approvalRuleTemplateName: 'two', approvalRuleTemplateDescription: 'x'.repeat(1_001) }),
  },
  UpdateApprovalRuleTemplateName: {
    ...onExisting((client, name) => client.updateApprovalRuleTemplateName({ oldApprovalRuleTemplateName: name, newApprovalRuleTemplateName: 'three' })),
    ApprovalRuleTemplateNameAlreadyExists: ({ root }) => root.updateApprovalRuleTemplateName({ oldApprovalRuleTemplateName: 'two', newApprovalRuleTemplateName: 'used' }),
  },
  AssociateApprovalRuleTemplateWithRepository: {
    ...onExisting((client, name) => client.associateApprovalRuleTemplateWithRepository({ approvalRuleTemplateName: name, repositoryName: 'site' })),
    ...onRepository((client, repositoryName) => client.associateApprovalRuleTemplateWithRepository({ approvalRuleTemplateName: 'two', repositoryName })),
    MaximumRuleTemplatesAssociatedWithRepository: async ({ root }) => {
      await root.createRepository({ repositoryName: 'full' });
      for (let index = 0; index <= 25; index += 1) {
        await root.createApprovalRuleTemplate({ approvalRuleTemplateName: `full ${index}`, approvalRuleTemplateContent: rule(1) });
        await root.associateApprovalRuleTemplateWithRepository({ approvalRuleTemplateName: `full ${index}`, repositoryName: 'full' });
      }
    },
  },
  DisassociateApprovalRuleTemplateFromRepository: {
    ...onExisting((client, name) => client.disassociateApprovalRuleTemplateFromRepository({ approvalRuleTemplateName: name, repositoryName: 'site' })),
    ...onRepository((client, repositoryName) => client.disassociateApprovalRuleTemplateFromRepository({ approvalRuleTemplateName: 'two', repositoryName })),
  },
  BatchAssociateApprovalRuleTemplateWithRepositories: {
    ...onExisting((client, name) => client.batchAssociateApprovalRuleTemplateWithRepositories({ approvalRuleTemplateName: name, repositoryNames: ['site'] })),
    RepositoryNamesRequired: ({ root }) => root.batchAssociateApprovalRuleTemplateWithRepositories({ approvalRuleTemplateName: 'two' } as never),
    MaximumRepositoryNamesExceeded: ({ root }) => root.batchAssociateApprovalRuleTemplateWithRepositories({ approvalRuleTemplateName: 'two', repositoryNames: many }),
  },
  BatchDisassociateApprovalRuleTemplateFromRepositories: {
    ...onExisting((client, name) => client.batchDisassociateApprovalRuleTemplateFromRepositories({ approvalRuleTemplateName: name, repositoryNames: ['site'] })),
    RepositoryNamesRequired: ({ root }) => root.batchDisassociateApprovalRuleTemplateFromRepositories({ approvalRuleTemplateName: 'two' } as never),
    MaximumRepositoryNamesExceeded: ({ root }) => root.batchDisassociateApprovalRuleTemplateFromRepositories({ approvalRuleTemplateName: 'two', repositoryNames: many }),
  },
  ListAssociatedApprovalRuleTemplatesForRepository: {
    ...onRepository((client, repositoryName) => client.listAssociatedApprovalRuleTemplatesForRepository({ repositoryName })),
    ...paged((client, page) => client.listAssociatedApprovalRuleTemplatesForRepository({ repositoryName: 'site', ...page })),
  },
  ListRepositoriesForApprovalRuleTemplate: {
    ...onExisting((client, name) => client.listRepositoriesForApprovalRuleTemplate({ approvalRuleTemplateName: name })),
    ...paged((client, page) => client.listRepositoriesForApprovalRuleTemplate({ approvalRuleTemplateName: 'two', ...page })),
  },
};

async function open(): Promise<ReviewScene> {
  const scene = await reviewScene();
  await scene.root.createApprovalRuleTemplate({ approvalRuleTemplateName: 'two', approvalRuleTemplateContent: rule(2) });
  await scene.root.createApprovalRuleTemplate({ approvalRuleTemplateName: 'used', approvalRuleTemplateContent: rule(2) });
  await scene.root.associateApprovalRuleTemplateWithRepository({ approvalRuleTemplateName: 'used', repositoryName: 'other' });
  return scene;
}

export const approvalTemplates: ErrorGroup<ReviewScene> = { open, close: ({ s }) => s.stop(), table };
