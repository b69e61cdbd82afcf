/**
 * The services that have a contract. `room` is the folder's name and the SDK package's (`@aws-sdk/client-<room>`).
 * `protocols` lists what stock clients speak, the JavaScript SDK's own first. `overlay` is what the SDK's schemas lack,
 * merged into the contract; `openEnums`: the service answers unknown names with errors of its own.
 */
export const services = [
  { room: 'cloudwatch', protocols: ['awsJson1.0', 'rpcV2Cbor', 'awsQuery'] },
  { room: 'codebuild', protocols: ['awsJson1.1'] },
  { room: 'codecommit', protocols: ['awsJson1.1'] },
  { room: 'codedeploy', protocols: ['awsJson1.1'] },
  { room: 'codepipeline', protocols: ['awsJson1.1'] },
  { room: 'cloudwatch-logs', protocols: ['awsJson1.1'] },
  { room: 'eventbridge', protocols: ['awsJson1.1'] },
  { room: 'iam', protocols: ['awsQuery'] },
  { room: 's3', protocols: ['restXml'] },
  { room: 'secrets-manager', protocols: ['awsJson1.1'] },
  { room: 'sns', protocols: ['awsQuery'] },
  {
    room: 'sqs', protocols: ['awsJson1.0', 'awsQuery'], openEnums: true,
    overlay: { xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/', namesMissing: 'MissingParameter', urlMember: 'QueueUrl' },
  },
  { room: 'ssm', protocols: ['awsJson1.1'] },
  { room: 'sts', protocols: ['awsQuery'] },
];
