import type { CodeBuildApi } from '@slipway/contracts';
import { passRole, settingTags, tagList } from '../../kernel/access.ts';
import type { AccessRequest, AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { buildIdOf, projectArn, projectNameOf, projectOfBuild, SERVICE } from './arns.ts';
import type { notYet } from './not-yet.ts';

/** Builds are authorised on their project: CodeBuild has no permissions on a single build. */
export const access: AccessTable<CodeBuildApi, (typeof notYet)[number]> = {
  CreateProject: ({ name, serviceRole, tags }, call) => [tagging(onProject(name, call), tags), ...passing(serviceRole)],
  UpdateProject: ({ name, serviceRole, tags }, call) => [tagging(onProject(name, call), tags), ...passing(serviceRole)],
  DeleteProject: ({ name }, call) => onProject(name, call),
  BatchGetProjects: ({ names }, call) => names.map((name) => onProject(name, call)),
  ListProjects: () => ({ resource: '*' }),
  InvalidateProjectCache: ({ projectName }, call) => onProject(projectName, call),
  StartBuild: ({ projectName, serviceRoleOverride }, call) => [onProject(projectName, call), ...passing(serviceRoleOverride)],
  RetryBuild: ({ id = '' }, call) => onBuild(id, call),
  StopBuild: ({ id }, call) => onBuild(id, call),
  BatchGetBuilds: ({ ids }, call) => ids.map((id) => onBuild(id, call)),
  BatchDeleteBuilds: ({ ids }, call) => ids.map((id) => onBuild(id, call)),
  ImportSourceCredentials: () => ({ resource: '*' }),
  ListSourceCredentials: () => ({ resource: '*' }),
  DeleteSourceCredentials: () => ({ resource: '*' }),
  ListCuratedEnvironmentImages: () => ({ resource: '*' }),
  ListBuilds: () => ({ resource: '*' }),
  ListBuildsForProject: ({ projectName }, call) => onProject(projectName, call),
};

const onProject = (name: string, call: Call): OperationRequest => ({ resource: projectArn(call, projectNameOf(name, call)) });

/** CodeBuild has no action for tags: they are conditions of making and changing a project. */
const tagging = (request: OperationRequest, tags: Parameters<typeof tagList>[0]): OperationRequest => (tags === undefined || tags.length === 0 ? request : { ...request, context: settingTags(tagList(tags)) });

const onBuild = (id: string, call: Call): OperationRequest => onProject(projectOfBuild(buildIdOf(id, call)), call);

const passing = (role: string | undefined): AccessRequest[] =>
  role === undefined ? [] : [passRole(role, SERVICE)];
