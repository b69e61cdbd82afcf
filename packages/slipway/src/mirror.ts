import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { awsClient, AwsError } from './aws-client.ts';
import { UsageError } from './usage.ts';

const HELP = `Usage: slipway mirror list
       slipway mirror status REPOSITORY
       slipway mirror add REPOSITORY REMOTE-URL --pull|--push [options]
       slipway mirror sync REPOSITORY
       slipway mirror remove REPOSITORY

Keeps a repository in step with a git remote elsewhere. Needs the environment of \`slipway env\`.

  --pull                     the remote's branches and tags come here
  --push                     ours go there
  --user-name NAME           for https remotes, with
  --password-file FILE       its password or token (- reads standard input)
  --private-key-file FILE    for ssh remotes, with
  --host-key KEY             the server's public key, as ssh-keyscan prints it: ssh-ed25519 AAAA…
  --interval MINUTES         how often (15)
  --force                    let commits go that only the target has
  --json                     print the answer as JSON`;

interface Mirror {
  readonly repositoryName: string;
  readonly direction: string;
  readonly remoteUrl: string;
  readonly status: string;
  readonly statusMessage?: string;
  readonly divergedReferences?: readonly string[];
  /** Seconds, as awsJson has them. */
  readonly lastSyncDate?: number;
}

/** `slipway mirror`: the operations of `codecommit-mirroring` from the command line. Secrets come from files, never from arguments. */
export async function mirror(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args, allowPositionals: true, strict: true,
    options: {
      help: { type: 'boolean' }, json: { type: 'boolean' }, pull: { type: 'boolean' }, push: { type: 'boolean' }, force: { type: 'boolean' }, 'user-name': { type: 'string' },
      'password-file': { type: 'string' }, 'private-key-file': { type: 'string' }, 'host-key': { type: 'string' }, interval: { type: 'string' },
    },
  });
  const [verb, repositoryName, remoteUrl] = positionals;
  if (values.help || verb === undefined) return console.log(HELP);
  const call = caller();
  const named = (): string => {
    if (repositoryName === undefined) throw new UsageError(`mirror ${verb} needs the name of a repository`);
    return repositoryName;
  };
  const show = (mirrors: readonly Mirror[]): void => console.log(values.json ? JSON.stringify(mirrors, undefined, 2) : mirrors.map(line).join('\n') || 'There are no mirrors.');

  switch (verb) {
    case 'list': return show((await call<{ mirrors: Mirror[] }>('ListRepositoryMirrors', {})).mirrors);
    case 'status': return show([(await call<{ mirror: Mirror }>('GetRepositoryMirror', { repositoryName: named() })).mirror]);
    case 'sync': return show([(await call<{ mirror: Mirror }>('StartRepositoryMirrorSync', { repositoryName: named() })).mirror]);
    case 'remove': return void await call('DeleteRepositoryMirror', { repositoryName: named() });
    case 'add': {
      if (remoteUrl === undefined || values.pull === values.push) throw new UsageError('mirror add needs a repository, the URL of a remote, and one of --pull and --push');
      const { mirror: added } = await call<{ mirror: Mirror }>('PutRepositoryMirror', {
        repositoryName: named(), remoteUrl, direction: values.pull ? 'PULL' : 'PUSH', force: values.force ?? false, userName: values['user-name'],
        password: secret(values['password-file'])?.replace(/\r?\n$/, ''), privateKey: secret(values['private-key-file']), hostKey: values['host-key'],
        intervalMinutes: values.interval === undefined ? undefined : Number(values.interval),
      });
      return show([added]);
    }
    default: throw new UsageError(`there is no 'mirror ${verb}'; slipway mirror --help shows what there is`);
  }
}

function caller() {
  const { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  if (!endpoint || !accessKeyId || !secretAccessKey || !region) throw new UsageError('needs AWS_ENDPOINT_URL, AWS_REGION and credentials in the environment: eval "$(slipway env)"');
  const client = awsClient({ endpoint, region, accessKeyId, secretAccessKey, ...sessionToken ? { sessionToken } : {} });
  return async <Output>(operation: string, input: unknown): Promise<Output> => {
    try {
      return await client.json<Output>('codecommit-mirroring', 'SlipwayCodeCommitMirroring_20260101', operation, input);
    } catch (error) {
      throw error instanceof AwsError ? new UsageError(`${error.code}: ${error.message}`) : error;
    }
  };
}

const secret = (file: string | undefined): string | undefined => (file === undefined ? undefined : readFileSync(file === '-' ? 0 : file, 'utf8'));

function line({ repositoryName, direction, remoteUrl, status, statusMessage, divergedReferences = [], lastSyncDate }: Mirror): string {
  const when = lastSyncDate === undefined ? 'never synced' : `synced ${new Date(lastSyncDate * 1_000).toISOString()}`;
  const head = `${repositoryName} ${direction === 'PULL' ? '<-' : '->'} ${remoteUrl}  ${status}, ${when}`;
  return [head, ...statusMessage === undefined ? [] : [`  ${statusMessage}`], ...divergedReferences.map((ref) => `  ${ref}`)].join('\n');
}
