import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig, startServer, type RunningServer, type ServerOptions } from '@slipway/server';
import { awsClients, type Aws, type Credentials } from './aws.ts';
import type { TestCertificate } from './certificates.ts';
import { FakeClock } from './clock.ts';

export interface SlipwayOptions {
  /** A data folder to go on with; otherwise a new one, which goes with `stop`. */
  readonly data?: string;
  readonly region?: string;
  /** What builds run in. The dummy succeeds without processes. */
  readonly runner?: ServerOptions['runner'];
  /** Addresses beside public ones that HTTP endpoints may have: `loopback` for sinks in the test; none otherwise. */
  readonly allowEndpoints?: string;
  /** Listens with it, by https. */
  readonly tls?: TestCertificate;
  /** Further SLIPWAY_* settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

type ServerEvent = Parameters<Parameters<RunningServer['onEvent']>[0]>[0];

const rootKey: Credentials = { accessKeyId: 'AKIAROOTOFTHETESTKIT', secretAccessKey: 'a-secret-that-only-tests-know-0123456789' };
const account = '000000000000';

const program = (name: string): string => fileURLToPath(new URL(`../../slipway/dist/${name}.js`, import.meta.url));

/**
 * A whole server in this process, on a free port, under a fake clock, driven by the real SDK.
 *
 * `const s = await Slipway.start(); await s.aws.codebuild.startBuild({ … }); await s.settled(); await s.stop();`
 */
export class Slipway {
  readonly endpoint: string;
  readonly region: string;
  readonly account = account;
  readonly clock: FakeClock;
  readonly data: string;
  /** As root. */
  readonly aws: Aws;
  readonly rootKey = rootKey;
  /** Every event that has left the outbox since the start. */
  readonly events: ServerEvent[] = [];

  readonly #server: RunningServer;
  readonly #ownsData: boolean;
  readonly #startedAt: number;
  readonly #authority: string | undefined;
  readonly #clients: { destroy(): void }[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(server: RunningServer, clock: FakeClock, data: string, ownsData: boolean, region: string, authority: string | undefined) {
    this.#server = server;
    this.#ownsData = ownsData;
    this.#startedAt = clock.now();
    this.#authority = authority;
    this.endpoint = server.endpoint;
    this.region = region;
    this.clock = clock;
    this.data = data;
    this.aws = this.as(rootKey);
    clock.settleWith(() => server.settled());
    server.onEvent((event) => {
      this.events.push(event);
      for (const wake of this.#waiting) wake();
    });
  }

  static async start(options: SlipwayOptions = {}): Promise<Slipway> {
    const data = options.data ?? (await mkdtemp(join(tmpdir(), 'slipway-test-')));
    const region = options.region ?? 'us-east-1';
    const clock = new FakeClock(Date.now());
    const config = readConfig(
      {},
      {
        SLIPWAY_PORT: '0',
        SLIPWAY_DATA: data,
        SLIPWAY_REGION: region,
        SLIPWAY_ACCOUNT_ID: account,
        SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId,
        SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
        SLIPWAY_LOG_LEVEL: 'error',
        SLIPWAY_ALLOW_ENDPOINTS: options.allowEndpoints,
        ...(options.tls === undefined ? {} : { SLIPWAY_TLS_CERT: options.tls.files.certificate, SLIPWAY_TLS_KEY: options.tls.files.key }),
        ...options.settings,
      },
    );
    const programs = { supervisor: program('supervisor'), agent: program('agent') };
    const server = await startServer(config, { programs, clock, runner: options.runner });
    return new Slipway(server, clock, data, options.data === undefined, region, options.tls?.authority);
  }

  /** The SDK's clients with other credentials. */
  as(credentials: Credentials, region = this.region): Aws {
    const { aws, destroy } = awsClients({ endpoint: this.endpoint, region, credentials, clockOffset: () => this.clock.now() - Date.now(), authority: this.#authority });
    this.#clients.push({ destroy });
    return aws;
  }

  /** A new user with a key and one inline policy of these statements. */
  async user(name: string, ...statements: { Effect?: 'Allow' | 'Deny'; Action: string | string[]; Resource: string | string[]; Condition?: unknown }[]): Promise<Credentials & { arn: string }> {
    const { User } = await this.aws.iam.createUser({ UserName: name });
    if (statements.length > 0) {
      const document = { Version: '2012-10-17', Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })) };
      await this.aws.iam.putUserPolicy({ UserName: name, PolicyName: 'inline', PolicyDocument: JSON.stringify(document) });
    }
    const { AccessKey } = await this.aws.iam.createAccessKey({ UserName: name });
    return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey!, arn: User!.Arn! };
  }

  /** A role that `service` (`codebuild.amazonaws.com`) may assume, with one inline policy. Answers its ARN. */
  async role(name: string, service: string, ...statements: { Effect?: 'Allow' | 'Deny'; Action: string | string[]; Resource: string | string[] }[]): Promise<string> {
    const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] };
    const { Role } = await this.aws.iam.createRole({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) });
    const document = { Version: '2012-10-17', Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })) };
    if (statements.length > 0) await this.aws.iam.putRolePolicy({ RoleName: name, PolicyName: 'inline', PolicyDocument: JSON.stringify(document) });
    return Role!.Arn!;
  }

  /** Environment for the stock `aws` CLI. */
  cliEnvironment(credentials: Credentials = rootKey): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_REGION: this.region,
      AWS_DEFAULT_REGION: this.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...(credentials.sessionToken ? { AWS_SESSION_TOKEN: credentials.sessionToken } : {}),
      AWS_PAGER: '',
    };
  }

  /** Resolves when no job is due or running and no event undelivered. Builds and deployments elsewhere may still run. */
  settled(): Promise<void> {
    return this.#server.settled();
  }

  /** The first event, past or to come, that the predicate accepts. */
  async until(accepts: (event: ServerEvent) => boolean): Promise<ServerEvent> {
    for (;;) {
      const found = this.events.find(accepts);
      if (found) return found;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  async stop(): Promise<void> {
    for (const { destroy } of this.#clients) destroy();
    await this.#server.stop();
    if (this.#ownsData) await rm(this.data, { recursive: true, force: true });
  }

  /** ms of fake time that have passed since the start. */
  elapsed(): number {
    return this.clock.now() - this.#startedAt;
  }
}
