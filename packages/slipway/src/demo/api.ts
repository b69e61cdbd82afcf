import type { AwsClient } from '../aws-client.ts';

/** The handful of services that the demo uses, under the names that the aws CLI gives them. */
export function services(client: AwsClient) {
  const json =
    (signingName: string, targetPrefix: string) =>
    <Output = unknown>(operation: string, input: unknown): Promise<Output> =>
      client.json<Output>(signingName, targetPrefix, operation, input);
  return {
    codecommit: json('codecommit', 'CodeCommit_20150413'),
    codebuild: json('codebuild', 'CodeBuild_20161006'),
    codedeploy: json('codedeploy', 'CodeDeploy_20141006'),
    codepipeline: json('codepipeline', 'CodePipeline_20150709'),
    logs: json('logs', 'Logs_20140328'),
    iam: (operation: string, input: Record<string, string>): Promise<string> => client.query('iam', '2010-05-08', operation, input),
    s3: (method: string, path: string, body = ''): Promise<Response> => client.send('s3', { method, path, body }),
  };
}

export type Services = ReturnType<typeof services>;
