import type { IAMApi } from '@slipway/contracts';
import type { SSHPublicKey } from '@slipway/contracts/iam';
import type { SshKeys } from '../../kernel/access.ts';
import type { Transaction } from '../../kernel/database.ts';
import { uniqueId } from '../../kernel/ids.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { userCaller } from './access-keys.ts';
import { callingUser } from './calling-user.ts';
import type { IamContext } from './deps.ts';
import { lockNeeded, needEntity } from './entity.ts';
import { fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import { readSshPublicKey } from './ssh-public-key.ts';
import { deleteSshKey, findSshKey, findSshKeyById, insertSshKey, listSshKeys, setSshKeyStatus } from './store/ssh-keys.ts';
import { reading, writing } from './store/tables.ts';
import type { SshKeyRow } from './store/tables.ts';

const described = (row: SshKeyRow, userName: string, body: string): SSHPublicKey => ({
  UserName: userName, SSHPublicKeyId: row.id, Fingerprint: row.fingerprint, SSHPublicKeyBody: body, Status: row.status, UploadDate: row.created,
});

const noKey = (id: string): Error => fail('NoSuchEntityException', `The Public Key with id ${id} cannot be found.`);

/** The key that a call is about, with its user, who is locked. */
async function own(tx: Transaction, call: Call, input: { UserName?: string | undefined; SSHPublicKeyId: string }): Promise<SshKeyRow> {
  const user = await lockNeeded(tx, call.account, 'user', callingUser(input.UserName, call));
  const row = await findSshKey(writing(tx), call.account, input.SSHPublicKeyId);
  if (row === undefined || row.user_key !== user.name_key) throw noKey(input.SSHPublicKeyId);
  return row;
}

/** Public keys with which users reach CodeCommit over SSH. */
export function sshPublicKeys(context: IamContext) {
  const { db, clock } = context;
  return {
    async UploadSSHPublicKey(input, call) {
      const key = readSshPublicKey(input.SSHPublicKeyBody);
      const row = { account: call.account, id: uniqueId('APKA'), body: key.ssh, fingerprint: key.fingerprint, status: 'Active' as const, created: clock.now() };
      return context.write(call.account, async (tx) => {
        const user = await lockNeeded(tx, call.account, 'user', callingUser(input.UserName, call));
        const known = await listSshKeys(writing(tx), call.account, user.name_key);
        if (known.some(({ body }) => body === key.ssh)) throw fail('DuplicateSSHPublicKeyException', `The public key is already associated with the user ${user.name}.`);
        if (known.length >= LIMITS.sshKeysPerUser) throw fail('LimitExceededException', `Cannot exceed quota for SSHPublicKeysPerUser: ${LIMITS.sshKeysPerUser}`);
        await insertSshKey(tx, { ...row, user_key: user.name_key });
        return { SSHPublicKey: described({ ...row, user_key: user.name_key }, user.name, key.ssh) };
      });
    },

    async GetSSHPublicKey(input, call) {
      const user = await needEntity(context, call.account, 'user', callingUser(input.UserName, call));
      const row = await findSshKey(reading(db), call.account, input.SSHPublicKeyId);
      if (row === undefined || row.user_key !== user.name_key) throw noKey(input.SSHPublicKeyId);
      if (input.Encoding !== 'SSH' && input.Encoding !== 'PEM') throw fail('UnrecognizedPublicKeyEncodingException', 'The encoding must be SSH or PEM.');
      return { SSHPublicKey: described(row, user.name, input.Encoding === 'PEM' ? readSshPublicKey(row.body).pem : row.body) };
    },

    async ListSSHPublicKeys(input, call) {
      const user = await needEntity(context, call.account, 'user', callingUser(input.UserName, call));
      const rows = (await listSshKeys(reading(db), call.account, user.name_key)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      const [page, more] = await context.pages.within({ operation: 'ListSSHPublicKeys', call, input }, rows, ({ id }) => id);
      return { SSHPublicKeys: page.map((row) => ({ UserName: user.name, SSHPublicKeyId: row.id, Status: row.status, UploadDate: row.created })), ...more };
    },

    async UpdateSSHPublicKey(input, call) {
      const { Status } = input;
      if (Status === 'Expired') throw fail('InvalidInputException', 'Status Expired cannot be set.');
      await context.write(call.account, async (tx) => setSshKeyStatus(tx, await own(tx, call, input), Status));
      return {};
    },

    async DeleteSSHPublicKey(input, call) {
      await context.write(call.account, async (tx) => deleteSshKey(tx, await own(tx, call, input)));
      return {};
    },
  } satisfies Partial<Operations<IAMApi>>;
}

export function sshKeys(context: IamContext): SshKeys {
  return {
    async find(keyId) {
      const row = await findSshKeyById(context.db, keyId);
      if (row === undefined || row.status !== 'Active') return undefined;
      const caller = await userCaller(context, row.account, row.user_key);
      return caller && { publicKey: row.body, caller };
    },
  };
}
