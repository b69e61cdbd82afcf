import { Agent } from 'node:https';
import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuild } from '@aws-sdk/client-codebuild';
import { CodeCommit } from '@aws-sdk/client-codecommit';
import { CodeDeploy } from '@aws-sdk/client-codedeploy';
import { CodePipeline } from '@aws-sdk/client-codepipeline';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { S3 } from '@aws-sdk/client-s3';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { SNS } from '@aws-sdk/client-sns';
import { SQS } from '@aws-sdk/client-sqs';
import { SSM } from '@aws-sdk/client-ssm';
import { STS } from '@aws-sdk/client-sts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** Added to the machine's time when signing, for servers whose clock a test has advanced. ms */
  readonly clockOffset: () => number;
  /** PEM: whom the clients believe instead of the well-known authorities. */
  readonly authority?: string | undefined;
}

const clients = {
  cloudwatch: CloudWatch,
  cloudwatchLogs: CloudWatchLogs,
  codebuild: CodeBuild,
  codecommit: CodeCommit,
  codedeploy: CodeDeploy,
  codepipeline: CodePipeline,
  eventbridge: EventBridge,
  iam: IAM,
  s3: S3,
  secretsManager: SecretsManager,
  sns: SNS,
  sqs: SQS,
  ssm: SSM,
  sts: STS,
};

/** The real SDK's clients, each made when first used. */
export type Aws = { readonly [Name in keyof typeof clients]: InstanceType<(typeof clients)[Name]> };

export function awsClients(options: AwsOptions): { aws: Aws; destroy(): void } {
  const made = new Map<keyof Aws, Aws[keyof Aws]>();
  const aws = {} as Aws;
  const agent = options.authority === undefined ? undefined : new Agent({ ca: options.authority, keepAlive: true });
  for (const name of Object.keys(clients) as (keyof Aws)[]) {
    Object.defineProperty(aws, name, {
      enumerable: true,
      get() {
        const Client = clients[name];
        const config = {
          endpoint: options.endpoint,
          region: options.region,
          credentials: options.credentials,
          maxAttempts: 1,
          ...(agent === undefined ? {} : { requestHandler: { httpsAgent: agent } }),
          ...(name === 's3' ? { forcePathStyle: true } : {}),
        };
        let client = made.get(name);
        if (!client) made.set(name, (client = new Client(config)));
        client.config.systemClockOffset = options.clockOffset();
        return client;
      },
    });
  }
  return {
    aws,
    destroy() {
      for (const client of made.values()) client.destroy();
      agent?.destroy();
    },
  };
}
