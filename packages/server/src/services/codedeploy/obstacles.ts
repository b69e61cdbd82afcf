import { ServiceError } from '../../kernel/errors.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Identities, Peers } from '../../kernel/peers.ts';
import { groupArn } from './arns.ts';
import type { DeploymentError } from './decide.ts';
import type { DeploymentRow, DeploymentSettings } from './store.ts';

export interface ObstacleDeps {
  readonly peers: Peers;
  readonly identities: Pick<Identities, 'assumeForService'>;
}

export const SERVICE = 'codedeploy.amazonaws.com';

export const cannotAssume = (roleArn: string): string => `AWS CodeDeploy does not have the permissions required to assume the role ${roleArn}.`;

const MISSING: readonly string[] = ['NotFound', 'NoSuchKey', 'NoSuchBucket', 'NoSuchVersion'];

/**
 * What keeps a deployment from starting. The service becomes the group's role first. As that role it looks for the
 * revision, and gives up only on one that is certainly not there: AWS asks no right to read bundles of this role, since it
 * is the hosts that fetch them with their own.
 */
export async function obstacleOf(deps: ObstacleDeps, row: DeploymentRow, signal: AbortSignal): Promise<DeploymentError | undefined> {
  const { serviceRoleArn, revision } = JSON.parse(row.settings) as DeploymentSettings;
  let role: Caller;
  try {
    role = await deps.identities.assumeForService({
      roleArn: serviceRoleArn, service: SERVICE, sessionName: row.id, sourceArn: groupArn(row, row.application, row.group_name),
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { code: 'IAM_ROLE_MISSING', message: cannotAssume(serviceRoleArn) };
  }
  const { bucket = '', key = '', version } = revision.s3Location ?? {};
  try {
    await deps.peers.as(role).s3.HeadObject({ Bucket: bucket, Key: key, VersionId: version }, { region: row.region, signal });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (MISSING.includes(error.name)) return { code: 'REVISION_MISSING', message: `The revision s3://${bucket}/${key} could not be found. Check that it was not deleted, and try again.` };
  }
  return undefined;
}
