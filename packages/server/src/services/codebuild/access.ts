import type { CodeBuildApi } from '@slipway/contracts';
import { passRole } from '../../kernel/access.ts';
import type { AccessRequest, AccessTable, Call } from '../../kernel/service.ts';
import { buildIdOf, projectArn, projectNameOf, projectOfBuild } from './arns.ts';
import type { notYet } from './not-yet.ts';

/** Builds are authorised on their project: CodeBuild has no permissions on a single build. */
export const access: AccessTable<CodeBuildApi, (typeof notYet)[number]> = {
  CreateProject: ({ name, serviceRole }, call) => [onProject('CreateProject', name, call), ...passing(serviceRole)],
  UpdateProject: ({ name, serviceRole }, call) => [onProject('UpdateProject', name, call), ...passing(serviceRole)],
  DeleteProject: ({ name }, call) => onProject('DeleteProject', name, call),
  BatchGetProjects: ({ names }, call) => names.map((name) => onProject('BatchGetProjects', name, call)),
  ListProjects: () => ({ action: 'codebuild:ListProjects', resource: '*' }),
  StartBuild: ({ projectName, serviceRoleOverride }, call) => [onProject('StartBuild', projectName, call), ...passing(serviceRoleOverride)],
  StopBuild: ({ id }, call) => onBuild('StopBuild', id, call),
  BatchGetBuilds: ({ ids }, call) => ids.map((id) => onBuild('BatchGetBuilds', id, call)),
  BatchDeleteBuilds: ({ ids }, call) => ids.map((id) => onBuild('BatchDeleteBuilds', id, call)),
  ListBuilds: () => ({ action: 'codebuild:ListBuilds', resource: '*' }),
  ListBuildsForProject: ({ projectName }, call) => onProject('ListBuildsForProject', projectName, call),
};

const onProject = (operation: string, name: string, call: Call): AccessRequest => ({ action: `codebuild:${operation}`, resource: projectArn(call, projectNameOf(name)) });

const onBuild = (operation: string, id: string, call: Call): AccessRequest => onProject(operation, projectOfBuild(buildIdOf(id)), call);

const passing = (role: string | undefined): AccessRequest[] =>
  role === undefined ? [] : [passRole(role, 'codebuild.amazonaws.com')];
