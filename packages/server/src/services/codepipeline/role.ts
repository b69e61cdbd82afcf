import type { PipelineDeclaration } from '@slipway/contracts/codepipeline';
import type { Caller } from '../../kernel/caller.ts';
import type { Identities } from '../../kernel/peers.ts';
import type { Place } from '../../kernel/place.ts';
import { pipelineArn } from './arns.ts';
import { SERVICE } from './names.ts';

/** The pipeline's role, acting for the pipeline. @throws ServiceError when the role is gone or does not trust CodePipeline. */
export function pipelineRole(identities: Pick<Identities, 'assumeForService'>, at: Place, { name, roleArn }: Pick<PipelineDeclaration, 'name' | 'roleArn'>): Promise<Caller> {
  // A session's name has 2 to 64 characters, a pipeline's 1 to 100.
  return identities.assumeForService({ roleArn, service: SERVICE, sessionName: name.slice(0, 64).padEnd(2, '-'), sourceArn: pipelineArn(at, name) });
}
