import { uuid } from '../../kernel/ids.ts';
import type { CodeDeployApi } from '@slipway/contracts';
import type { ApplicationInfo } from '@slipway/contracts/codedeploy';
import type { Operations } from '../../kernel/service.ts';
import { deleteApplication, findApplication, findRevision, insertApplication, listApplications, putRevision } from './registry-store.ts';
import type { ApplicationRow } from './registry-store.ts';
import { checkRevision } from './revisions.ts';
import { applicationName, existingApplication, fail, refuse } from './room.ts';
import type { RoomDeps } from './room.ts';

export function applications({ db, clock }: RoomDeps) {
  return {
    async CreateApplication(input, call) {
      const name = applicationName(input.applicationName);
      if ((input.computePlatform ?? 'Server') !== 'Server') throw fail('InvalidComputePlatformException', `The compute platform ${input.computePlatform} is not supported by Slipway yet.`);
      refuse(input, ['tags']);
      const row: ApplicationRow = { account: call.account, region: call.region, name, application_id: uuid(), created: clock.now() };
      if (!await db.transaction((tx) => insertApplication(tx, row))) throw fail('ApplicationAlreadyExistsException', `Application already exists: ${name}`);
      return { applicationId: row.application_id };
    },

    async GetApplication(input, call) {
      return { application: infoOf(await existingApplication(db, call, input.applicationName)) };
    },

    async BatchGetApplications(input, call) {
      const rows = await Promise.all(input.applicationNames.map((name) => findApplication(db, call, applicationName(name))));
      return { applicationsInfo: rows.filter((row) => row !== undefined).map(infoOf) };
    },

    async ListApplications(input, call) {
      if (input.nextToken !== undefined) throw fail('InvalidNextTokenException', 'The next token is not valid.');
      return { applications: (await listApplications(db, call, '', 10_000)).map((row) => row.name) };
    },

    /** An application that is not there is as good as deleted. */
    async DeleteApplication(input, call) {
      const row = await findApplication(db, call, applicationName(input.applicationName));
      if (row !== undefined) await db.transaction((tx) => deleteApplication(tx, row));
      return {};
    },

    async RegisterApplicationRevision(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      const revision = checkRevision(input.revision);
      await db.transaction((tx) => putRevision(tx, application, revision, { now: clock.now(), used: false, description: input.description }));
      return {};
    },

    async GetApplicationRevision(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      const row = await findRevision(db, application, checkRevision(input.revision));
      if (row === undefined) throw fail('RevisionDoesNotExistException', 'The revision does not exist.');
      return {
        applicationName: application.name, revision: JSON.parse(row.revision) as typeof input.revision,
        revisionInfo: { description: row.description ?? undefined, registerTime: row.registered, firstUsedTime: row.first_used ?? undefined, lastUsedTime: row.last_used ?? undefined },
      };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

const infoOf = (row: ApplicationRow): ApplicationInfo => ({
  applicationId: row.application_id, applicationName: row.name, createTime: row.created, linkedToGitHub: false, computePlatform: 'Server',
});
