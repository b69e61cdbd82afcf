import type { Contract, MemberShape } from '../contract.ts';

/**
 * Mirrors of CodeCommit repositories: keeping one in step with a git repository elsewhere. AWS has no such API; this is
 * Slipway's own, spoken like CodeCommit's and authorised by `codecommit:` actions.
 */
export interface CodeCommitMirroringApi {
  PutRepositoryMirror: { input: PutRepositoryMirrorInput; output: { mirror: RepositoryMirror }; errors: MirrorErrors | 'InvalidMirrorException' };
  GetRepositoryMirror: { input: RepositoryMirrorInput; output: { mirror: RepositoryMirror }; errors: MirrorErrors | 'MirrorDoesNotExistException' };
  ListRepositoryMirrors: { input: Record<string, never>; output: { mirrors: RepositoryMirror[] }; errors: MirrorErrors };
  DeleteRepositoryMirror: { input: RepositoryMirrorInput; output: Record<string, never>; errors: MirrorErrors };
  StartRepositoryMirrorSync: { input: RepositoryMirrorInput; output: { mirror: RepositoryMirror }; errors: MirrorErrors | 'MirrorDoesNotExistException' };
}

type MirrorErrors = 'RepositoryDoesNotExistException' | 'RepositoryNameRequiredException' | 'InvalidRepositoryNameException';

export type MirrorDirection = 'PULL' | 'PUSH';
export type MirrorStatus = 'PENDING' | 'IN_STEP' | 'DIVERGED' | 'FAILED';

export interface RepositoryMirrorInput { repositoryName: string }

export interface PutRepositoryMirrorInput {
  repositoryName: string;
  /** `PULL`: the remote's branches and tags come here. `PUSH`: ours go there. */
  direction: MirrorDirection;
  /** `https://…` or `ssh://user@host/…`, without a password. */
  remoteUrl: string;
  /** For https: a user name and a password or token. Kept sealed, never answered. */
  userName?: string;
  password?: string;
  /** For ssh: the private key, and the server's public key, `ssh-ed25519 AAAA…`, which it must show. */
  privateKey?: string;
  hostKey?: string;
  /** 1 to 1,440; 15 when not given. */
  intervalMinutes?: number;
  /** Whether commits that only the target has may be lost. False when not given. */
  force?: boolean;
}

export interface RepositoryMirror {
  repositoryName: string;
  direction: MirrorDirection;
  remoteUrl: string;
  intervalMinutes: number;
  force: boolean;
  status: MirrorStatus;
  /** Why it failed, or which references have diverged. */
  statusMessage?: string;
  /** References that are not in step because the target has commits of its own. */
  divergedReferences?: string[];
  /** ms UTC */
  lastSyncDate?: number;
  lastSuccessDate?: number;
}

const text: MemberShape = { shape: 'String' };
const names = (...members: string[]): Record<string, MemberShape> => Object.fromEntries(members.map((member) => [member, text]));

function structure(members: Record<string, MemberShape>, required: readonly string[] = []) {
  return { type: 'structure', members, required } as const;
}

const common = ['RepositoryDoesNotExistException', 'RepositoryNameRequiredException', 'InvalidRepositoryNameException'];
const one = structure({ repositoryName: text }, ['repositoryName']);
const answer = structure({ mirror: { shape: 'RepositoryMirror' } });

export const codeCommitMirroring: Contract = {
  service: 'codecommit-mirroring',
  serviceId: 'CodeCommit Mirroring',
  apiVersion: '2026-01-01',
  signingName: 'codecommit-mirroring',
  protocols: ['awsJson1.1'],
  targetPrefix: 'SlipwayCodeCommitMirroring_20260101',
  operations: {
    PutRepositoryMirror: { input: 'PutRepositoryMirrorInput', output: 'MirrorOutput', errors: [...common, 'InvalidMirrorException'] },
    GetRepositoryMirror: { input: 'RepositoryMirrorInput', output: 'MirrorOutput', errors: [...common, 'MirrorDoesNotExistException'] },
    ListRepositoryMirrors: { input: 'Empty', output: 'MirrorsOutput', errors: common },
    DeleteRepositoryMirror: { input: 'RepositoryMirrorInput', output: 'Empty', errors: common },
    StartRepositoryMirrorSync: { input: 'RepositoryMirrorInput', output: 'MirrorOutput', errors: [...common, 'MirrorDoesNotExistException'] },
  },
  shapes: {
    String: { type: 'string' },
    Integer: { type: 'integer' },
    Boolean: { type: 'boolean' },
    Timestamp: { type: 'timestamp' },
    MirrorDirection: { type: 'string', enum: ['PULL', 'PUSH'] },
    MirrorStatus: { type: 'string', enum: ['PENDING', 'IN_STEP', 'DIVERGED', 'FAILED'] },
    References: { type: 'list', member: text },
    RepositoryMirror: structure({
      ...names('repositoryName', 'remoteUrl', 'statusMessage'), direction: { shape: 'MirrorDirection' }, intervalMinutes: { shape: 'Integer' }, force: { shape: 'Boolean' },
      status: { shape: 'MirrorStatus' }, divergedReferences: { shape: 'References' }, lastSyncDate: { shape: 'Timestamp' }, lastSuccessDate: { shape: 'Timestamp' },
    }),
    Mirrors: { type: 'list', member: { shape: 'RepositoryMirror' } },
    Empty: structure({}),
    RepositoryMirrorInput: one,
    PutRepositoryMirrorInput: structure({
      ...names('repositoryName', 'remoteUrl', 'userName', 'password', 'privateKey', 'hostKey'), direction: { shape: 'MirrorDirection' }, intervalMinutes: { shape: 'Integer' }, force: { shape: 'Boolean' },
    }, ['repositoryName', 'direction', 'remoteUrl']),
    MirrorOutput: answer,
    MirrorsOutput: structure({ mirrors: { shape: 'Mirrors' } }),
  },
  errors: {
    RepositoryDoesNotExistException: { status: 400, fault: 'client' },
    RepositoryNameRequiredException: { status: 400, fault: 'client' },
    InvalidRepositoryNameException: { status: 400, fault: 'client' },
    InvalidMirrorException: { status: 400, fault: 'client' },
    MirrorDoesNotExistException: { status: 400, fault: 'client' },
  },
};
