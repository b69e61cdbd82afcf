import { timingSafeEqual } from 'node:crypto';
import type { IAMApi } from '@slipway/contracts';
import type { ServiceSpecificCredential, ServiceSpecificCredentialMetadata } from '@slipway/contracts/iam';
import type { ServicePasswords } from '../../kernel/access.ts';
import type { Transaction } from '../../kernel/database.ts';
import { serviceCredentialId, servicePassword } from '../../kernel/ids.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { userCaller } from './access-keys.ts';
import { callingUser } from './calling-user.ts';
import type { IamContext } from './deps.ts';
import { lockNeeded, needEntity } from './entity.ts';
import { fail, notSupported } from './fail.ts';
import { LIMITS } from './limits.ts';
import {
  deleteServiceCredential, findServiceCredential, findServiceCredentialByName, insertServiceCredential, listServiceCredentials, updateServiceCredential,
} from './store/credentials.ts';
import { reading, writing } from './store/tables.ts';
import type { ServiceCredentialRow } from './store/tables.ts';

/** Services that know such passwords here. */
const SERVICES = ['codecommit.amazonaws.com'];
const place = (id: string): string => `iam_service_credentials/password/${id}`;

function metadata(row: ServiceCredentialRow, userName: string): ServiceSpecificCredentialMetadata {
  return { UserName: userName, Status: row.status, ServiceUserName: row.service_user_name, CreateDate: row.created, ServiceSpecificCredentialId: row.id, ServiceName: row.service };
}

function withPassword(row: ServiceCredentialRow, userName: string, password: string): ServiceSpecificCredential {
  return { ...metadata(row, userName), ServicePassword: password };
}

/** The credential that a call is about, with its user, who is locked. */
async function own(tx: Transaction, call: Call, input: { UserName?: string | undefined; ServiceSpecificCredentialId: string }) {
  const user = await lockNeeded(tx, call.account, 'user', callingUser(input.UserName, call));
  const row = await findServiceCredential(writing(tx), call.account, input.ServiceSpecificCredentialId);
  if (row === undefined || row.user_key !== user.name_key) throw fail('NoSuchEntityException', `No such credential ${input.ServiceSpecificCredentialId} exists`);
  return { user, row };
}

export function serviceCredentials(context: IamContext) {
  const { db, clock, hash } = context;
  return {
    async CreateServiceSpecificCredential(input, call) {
      if (!SERVICES.includes(input.ServiceName)) throw fail('ServiceNotSupportedException', `Service ${input.ServiceName} is not supported.`);
      refuseMembers(input, ['CredentialAgeDays'], notSupported);
      const password = servicePassword();
      const id = serviceCredentialId();
      const created = clock.now();
      return context.write(call.account, async (tx) => {
        const user = await lockNeeded(tx, call.account, 'user', input.UserName);
        const known = (await listServiceCredentials(writing(tx), call.account, user.name_key)).filter((one) => one.service === input.ServiceName);
        if (known.length >= LIMITS.serviceCredentialsPerUser) {
          throw fail('LimitExceededException', `Cannot exceed quota for ServiceSpecificCredentialsPerUser: ${LIMITS.serviceCredentialsPerUser}`);
        }
        const row: ServiceCredentialRow = {
          account: call.account, id, user_key: user.name_key, service: input.ServiceName, service_user_name: freeName(`${user.name}-at-${call.account}`, known),
          password_hash: hash(password, place(id)), status: 'Active', created,
        };
        await insertServiceCredential(tx, row);
        return { ServiceSpecificCredential: withPassword(row, user.name, password) };
      });
    },

    async ListServiceSpecificCredentials(input, call) {
      refuseMembers(input, ['AllUsers'], notSupported);
      const user = await needEntity(context, call.account, 'user', callingUser(input.UserName, call));
      const rows = await listServiceCredentials(reading(db), call.account, user.name_key);
      const wanted = rows.filter((row) => input.ServiceName === undefined || row.service === input.ServiceName);
      return { ServiceSpecificCredentials: wanted.map((row) => metadata(row, user.name)), IsTruncated: false };
    },

    async UpdateServiceSpecificCredential(input, call) {
      const { Status } = input;
      if (Status === 'Expired') throw fail('ValidationError', 'Status Expired cannot be set.', { status: 400 });
      await context.write(call.account, async (tx) => updateServiceCredential(tx, (await own(tx, call, input)).row, { status: Status }));
      return {};
    },

    async ResetServiceSpecificCredential(input, call) {
      const password = servicePassword();
      return context.write(call.account, async (tx) => {
        const { row, user } = await own(tx, call, input);
        await updateServiceCredential(tx, row, { password_hash: hash(password, place(row.id)) });
        return { ServiceSpecificCredential: withPassword(row, user.name, password) };
      });
    },

    async DeleteServiceSpecificCredential(input, call) {
      await context.write(call.account, async (tx) => deleteServiceCredential(tx, (await own(tx, call, input)).row));
      return {};
    },
  } satisfies Partial<Operations<IAMApi>>;
}

/** AWS's form: `ann-at-111122223333`, the second one `ann+1-at-…`. */
function freeName(wanted: string, known: readonly ServiceCredentialRow[]): string {
  return known.some((one) => one.service_user_name === wanted) ? wanted.replace('-at-', '+1-at-') : wanted;
}

export function servicePasswords(context: IamContext): ServicePasswords {
  const { db, hash } = context;
  return {
    async verify(userName, password, service) {
      const row = await findServiceCredentialByName(db, service, userName);
      if (row === undefined || row.status !== 'Active') return undefined;
      const given = Buffer.from(hash(password, place(row.id)));
      const kept = Buffer.from(row.password_hash);
      return given.length === kept.length && timingSafeEqual(given, kept) ? userCaller(context, row.account, row.user_key) : undefined;
    },
  };
}
