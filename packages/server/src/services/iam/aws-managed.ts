/** Policies that AWS keeps, those that delivery needs: the same ARNs and scope, documents in our own words. */
export interface AwsManagedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly description: string;
  readonly document: string;
}

interface StatementJson {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const allow = (...actions: string[]): StatementJson => ({ Effect: 'Allow', Action: actions, Resource: '*' });

const passTo = (...services: string[]): StatementJson => ({ Effect: 'Allow', Action: 'iam:PassRole', Resource: '*', Condition: { StringEquals: { 'iam:PassedToService': services } } });

const READS = ['Get*', 'List*', 'Describe*', 'BatchGet*', 'Head*', 'Search*', 'Lookup*'];
const READABLE = [
  'codeartifact', 'codebuild', 'codecommit', 'codedeploy', 'codepipeline', 'codestar-connections', 'codeconnections', 'cloudformation', 'cloudtrail', 'cloudwatch', 'ecr',
  'ec2', 'ecs', 'elasticbeanstalk', 'elasticloadbalancing', 'events', 'iam', 'kms', 'lambda', 'logs', 's3', 'sns', 'sqs', 'ssm', 'states', 'sts', 'autoscaling',
  'organizations', 'tag',
];

function policy(name: string, id: string, description: string, statements: readonly StatementJson[], path = '/'): AwsManagedPolicy {
  return { arn: `arn:aws:iam::aws:policy${path}${name}`, name, id, path, description, document: JSON.stringify({ Version: '2012-10-17', Statement: statements }) };
}

const POLICIES: readonly AwsManagedPolicy[] = [
  policy('AdministratorAccess', 'ANPAIWMBCKSKIEE64ZLYK', 'Full access to all services and resources.', [allow('*')]),
  policy('PowerUserAccess', 'ANPAJYRXTHIB4FOVS3ZXS', 'Full access, except to the management of users, groups and organizations.', [
    { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
    allow('iam:CreateServiceLinkedRole', 'iam:DeleteServiceLinkedRole', 'iam:ListRoles', 'organizations:DescribeOrganization', 'account:ListRegions'),
  ]),
  policy('ReadOnlyAccess', 'ANPAILL3HVNFSB6DCOWYQ', 'Read-only access to services and resources.', [
    allow(...READABLE.flatMap((service) => READS.map((verb) => `${service}:${verb}`)), 'codecommit:GitPull', 'logs:FilterLogEvents', 'logs:StartQuery', 'logs:StopQuery'),
  ]),
  policy('AWSCodeDeployRole', 'ANPAJ2NKMKD73QS5NBFLA', 'Lets CodeDeploy reach instances, scaling groups, load balancers and alarms for deployments.', [
    allow(
      'autoscaling:*LifecycleHook*', 'autoscaling:*LifecycleAction*', 'autoscaling:Describe*', 'autoscaling:*AutoScalingGroup*', 'autoscaling:*Processes', 'autoscaling:PutScalingPolicy',
      'autoscaling:*NotificationConfiguration*', 'autoscaling:*ScheduledUpdateGroupAction*', 'autoscaling:EnableMetricsCollection', 'ec2:Describe*', 'ec2:TerminateInstances',
      'tag:GetResources', 'sns:Publish', 'cloudwatch:DescribeAlarms', 'cloudwatch:PutMetricAlarm', 'elasticloadbalancing:Describe*', 'elasticloadbalancing:*Instances*', 'elasticloadbalancing:*Targets',
    ),
  ], '/service-role/'),
  policy('AWSCodePipeline_FullAccess', 'ANPAZKAPJZG4ECGBCHP7C', 'Full access to CodePipeline and what its pipelines show.', [
    allow(
      'codepipeline:*', 'cloudformation:Describe*', 'cloudformation:List*', 'codebuild:BatchGetProjects', 'codebuild:CreateProject', 'codebuild:ListCuratedEnvironmentImages', 'codebuild:ListProjects',
      'codecommit:Get*', 'codecommit:List*', 'codedeploy:BatchGetDeploymentGroups', 'codedeploy:Get*', 'codedeploy:List*', 'ec2:Describe*', 'ecr:DescribeRepositories', 'ecr:ListImages', 'ecs:List*',
      'elasticbeanstalk:Describe*', 'iam:ListRoles', 'iam:GetRole', 'lambda:ListFunctions', 'events:List*', 'events:DescribeRule', 'sns:ListTopics', 's3:ListAllMyBuckets', 'states:ListStateMachines',
      's3:GetBucketPolicy', 's3:GetBucketVersioning', 's3:GetObjectVersion', 's3:ListBucket', 's3:CreateBucket', 's3:PutBucketPolicy', 'events:PutRule', 'events:PutTargets', 'events:DeleteRule',
      'events:DisableRule', 'events:RemoveTargets',
    ),
    passTo('codepipeline.amazonaws.com', 'events.amazonaws.com', 'cloudformation.amazonaws.com', 'elasticbeanstalk.amazonaws.com', 'ecs-tasks.amazonaws.com'),
  ]),
  policy('AWSCodeBuildAdminAccess', 'ANPAQJZGK3PHIYKRNAOIH', 'Full access to CodeBuild and what its projects need.', [
    allow(
      'codebuild:*', 'codecommit:GetBranch', 'codecommit:GetCommit', 'codecommit:GetRepository', 'codecommit:ListBranches', 'codecommit:ListRepositories', 'cloudwatch:GetMetricStatistics',
      'ec2:DescribeVpcs', 'ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ecr:DescribeRepositories', 'ecr:ListImages', 'elasticfilesystem:DescribeFileSystems', 'events:*Rule', 'events:*Targets',
      'events:List*', 'logs:GetLogEvents', 'logs:DeleteLogGroup', 's3:CreateBucket', 's3:GetBucketLocation', 's3:ListAllMyBuckets',
    ),
  ]),
  policy('AWSCodeCommitPowerUser', 'ANPAI4UIINUVGB5SEC57G', 'Full access to repositories, except deleting them.', [
    { Effect: 'Allow', NotAction: ['codecommit:DeleteRepository'], Resource: 'arn:aws:codecommit:*:*:*' },
    allow('codecommit:ListRepositories', 'codecommit:BatchGetRepositories', 'codecommit:ListApprovalRuleTemplates', 'kms:ListAliases', 'sns:ListTopics', 'lambda:ListFunctions', 'iam:ListUsers', 'events:ListRules'),
    {
      Effect: 'Allow',
      Action: ['iam:ListAccessKeys', 'iam:ListSSHPublicKeys', 'iam:*ServiceSpecificCredential*', 'iam:*SSHPublicKey'],
      Resource: 'arn:aws:iam::*:user/${aws:username}',
    },
  ]),
  policy('AmazonS3FullAccess', 'ANPAIFIR6V6BVTRAHWINE', 'Full access to all buckets.', [allow('s3:*', 's3-object-lambda:*')]),
  policy('AmazonS3ReadOnlyAccess', 'ANPAIZTJ4DXE7G6AGAE6M', 'Read-only access to all buckets.', [allow('s3:Get*', 's3:List*', 's3:Describe*', 's3-object-lambda:Get*', 's3-object-lambda:List*')]),
  policy('CloudWatchLogsFullAccess', 'ANPAJ3ZGNWK2R5HW5BQFO', 'Full access to CloudWatch Logs.', [allow('logs:*', 'cloudwatch:GenerateQuery')]),
];

const BY_ARN: ReadonlyMap<string, AwsManagedPolicy> = new Map(POLICIES.map((one) => [one.arn, one]));

export const awsManaged = (arn: string): AwsManagedPolicy | undefined => BY_ARN.get(arn);
export const allAwsManaged = (): readonly AwsManagedPolicy[] => POLICIES;

/** The time at which AWS's policies claim to have been made. */
export const AWS_MANAGED_CREATED = Date.UTC(2015, 1, 6, 18, 40, 0);
