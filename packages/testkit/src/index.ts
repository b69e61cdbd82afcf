export { otherAccount, startWithOtherAccount } from './accounts.ts';
export { awsClients, type Aws, type Credentials } from './aws.ts';
export { bundleProgram } from './crash/bundle.ts';
export { makeCertificate, type TestCertificate } from './certificates.ts';
export { crashEveryPoint, type CrashPlan, type CrashResult } from './crash/crash.ts';
export { FakeClock } from './clock.ts';
export { Slipway, type SlipwayOptions } from './slipway.ts';
export { cleanEnvironment, runToEnd, serve, slipwayProgram, type Ended, type ServerProcess } from './processes.ts';
