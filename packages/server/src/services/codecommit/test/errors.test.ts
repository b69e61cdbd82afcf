import { expect, it } from 'vitest';
import { approvalTemplates } from './errors/approval-templates.ts';
import { comments } from './errors/comments.ts';
import { content } from './errors/content.ts';
import { describeErrors, errorsToProvoke } from './errors/provocations.ts';
import { pullRequests } from './errors/pull-requests.ts';
import { repositories } from './errors/repositories.ts';
import { triggers } from './errors/triggers.ts';

it('every error of every operation\'s contract is provoked, or explained', () => {
  const tables = [repositories, content, pullRequests, approvalTemplates, comments, triggers].flatMap(({ table }) => Object.entries(table));
  const known = Object.fromEntries(tables.map(([operation, provocations]) => [operation, Object.keys(provocations).toSorted()]));
  expect(known).toEqual(errorsToProvoke());
  expect(tables.length, 'operations that stand in two tables').toBe(Object.keys(known).length);
});

describeErrors('repositories and tags', repositories);
describeErrors('branches, contents and merges', content);
describeErrors('pull requests', pullRequests);
describeErrors('approval rule templates', approvalTemplates);
describeErrors('comments', comments);
describeErrors('triggers', triggers);
