import type { CodeBuildApi } from '@slipway/contracts';
import { service, type Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import { builds, type BuildsDeps } from './builds.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { projects } from './projects.ts';

export interface CodeBuildDeps extends BuildsDeps {
  readonly runner: BuildRunner;
}

/** What builds run in. `dummy` succeeds without processes, for tests. */
export type BuildRunner = 'auto' | 'sandbox' | 'plain' | 'dummy';

/** CodeBuild: projects, and builds that really run. */
export function createCodeBuild(deps: CodeBuildDeps): Room {
  return {
    service: service<CodeBuildApi>()({ name: 'codebuild', operations: { ...projects(deps), ...builds(deps) }, access, notYet }),
    migrations,
  };
}
