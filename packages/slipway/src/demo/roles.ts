import { element } from '../aws-client.ts';
import type { Services } from './api.ts';

interface Statement {
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
}

const policy = (...statements: Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })) });

/** A role that one AWS service may assume, with just what its work here needs. Answers the role's ARN. */
async function serviceRole(aws: Services, name: string, service: string, ...statements: Statement[]): Promise<string> {
  const trust = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] });
  const answer = await aws.iam('CreateRole', { RoleName: name, AssumeRolePolicyDocument: trust });
  await aws.iam('PutRolePolicy', { RoleName: name, PolicyName: 'work', PolicyDocument: policy(...statements) });
  return element(answer, 'Arn');
}

export interface Roles {
  readonly build: string;
  readonly pipeline: string;
  readonly deploy: string;
}

export async function createRoles(aws: Services, bucket: string): Promise<Roles> {
  const objects: Statement = { Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'], Resource: `arn:aws:s3:::${bucket}/*` };
  const bucketItself: Statement = { Action: ['s3:GetBucketVersioning', 's3:GetBucketLocation', 's3:ListBucket'], Resource: `arn:aws:s3:::${bucket}` };
  return {
    build: await serviceRole(aws, 'demo-build', 'codebuild.amazonaws.com', objects, bucketItself, {
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: '*',
    }),
    pipeline: await serviceRole(
      aws,
      'demo-pipeline',
      'codepipeline.amazonaws.com',
      objects,
      bucketItself,
      { Action: ['codecommit:GetBranch', 'codecommit:GetCommit', 'codecommit:UploadArchive', 'codecommit:GetUploadArchiveStatus', 'codecommit:CancelUploadArchive'], Resource: '*' },
      { Action: ['codebuild:StartBuild', 'codebuild:BatchGetBuilds', 'codebuild:StopBuild'], Resource: '*' },
      {
        Action: ['codedeploy:CreateDeployment', 'codedeploy:GetDeployment', 'codedeploy:StopDeployment', 'codedeploy:GetDeploymentConfig', 'codedeploy:GetApplication', 'codedeploy:GetApplicationRevision', 'codedeploy:RegisterApplicationRevision'],
        Resource: '*',
      },
    ),
    deploy: await serviceRole(aws, 'demo-deploy', 'codedeploy.amazonaws.com', objects, bucketItself),
  };
}

export interface UserKey {
  readonly userArn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function userWithKey(aws: Services, name: string, ...statements: Statement[]): Promise<UserKey> {
  const user = await aws.iam('CreateUser', { UserName: name });
  await aws.iam('PutUserPolicy', { UserName: name, PolicyName: 'work', PolicyDocument: policy(...statements) });
  const key = await aws.iam('CreateAccessKey', { UserName: name });
  return { userArn: element(user, 'Arn'), accessKeyId: element(key, 'AccessKeyId'), secretAccessKey: element(key, 'SecretAccessKey') };
}

export const createDeveloper = (aws: Services): Promise<UserKey> =>
  userWithKey(aws, 'demo-developer', { Action: ['codecommit:GitPull', 'codecommit:GitPush'], Resource: '*' });

/** An on-premises instance's own user: it may fetch revisions and speak to the deploy service. */
export const createHostUser = (aws: Services, host: string, bucket: string): Promise<UserKey> =>
  userWithKey(
    aws,
    `demo-host-${host}`,
    { Action: ['s3:GetObject', 's3:GetObjectVersion'], Resource: `arn:aws:s3:::${bucket}/*` },
    { Action: ['codedeploy-commands-secure:*', 'codedeploy-commands:*'], Resource: '*' },
  );
