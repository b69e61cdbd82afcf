/**
 * The services that have a contract. `room` is the folder's name and the SDK package's (`@aws-sdk/client-<room>`).
 * `protocols` lists what stock clients speak, the JavaScript SDK's own first.
 */
export const services = [
  { room: 'codebuild', protocols: ['awsJson1.1'] },
  { room: 'codecommit', protocols: ['awsJson1.1'] },
  { room: 'codedeploy', protocols: ['awsJson1.1'] },
  { room: 'codepipeline', protocols: ['awsJson1.1'] },
  { room: 'cloudwatch-logs', protocols: ['awsJson1.1'] },
  { room: 'eventbridge', protocols: ['awsJson1.1'] },
  { room: 'iam', protocols: ['awsQuery'] },
  { room: 's3', protocols: ['restXml'] },
  { room: 'sts', protocols: ['awsQuery'] },
];
