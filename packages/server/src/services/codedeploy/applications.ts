import type { CodeDeployApi } from '@slipway/contracts';
import type { ApplicationInfo } from '@slipway/contracts/codedeploy';
import { uuid } from '../../kernel/ids.ts';
import type { Operations } from '../../kernel/service.ts';
import { removeAllTags, putTags } from '../../kernel/tags.ts';
import { applicationArn, groupArn } from './arns.ts';
import { applicationName, existingApplication } from './deps.ts';
import type { RoomDeps } from './deps.ts';
import { fail, noApplication } from './fail.ts';
import { PAGE } from './limits.ts';
import { pagesOf } from './pages.ts';
import { deleteApplication, findApplication, insertApplication, listApplications, listGroups, lockApplication, renameApplication } from './registry-store.ts';
import type { ApplicationRow } from './registry-store.ts';
import { moveTags, plainTags, refuseTags, tagged } from './tags.ts';

export function applications({ db, clock, paging }: RoomDeps) {
  return {
    async CreateApplication(input, call) {
      const name = applicationName(input.applicationName);
      if ((input.computePlatform ?? 'Server') !== 'Server') throw fail('InvalidComputePlatformException', `The compute platform ${input.computePlatform} is not supported by Slipway yet.`);
      const row: ApplicationRow = { account: call.account, region: call.region, name, application_id: uuid(), created: clock.now() };
      await db.transaction(async (tx) => {
        if (!await insertApplication(tx, row)) throw taken(name);
        await putTags(tx, tagged(call, applicationArn(call, name)), plainTags(input.tags), refuseTags);
      });
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
      const pages = pagesOf(paging, call, 'ListApplications');
      const [after = ''] = pages.read(input.nextToken);
      const { shown, ...more } = pages.cut(await listApplications(db, call, String(after), PAGE + 1), (row) => [row.name]);
      return { applications: shown.map((row) => row.name), ...more };
    },

    /** A new name only: groups, revisions, deployments and tags go with it. */
    async UpdateApplication(input, call) {
      const name = applicationName(input.applicationName);
      const newName = applicationName(input.newApplicationName);
      await db.transaction(async (tx) => {
        const row = await lockApplication(tx, call, name);
        if (row === undefined) throw noApplication(name);
        if (newName === name) return;
        if (await findApplication(tx, call, newName) !== undefined) throw taken(newName);
        await renameApplication(tx, row, newName);
        await moveTags(tx, call, applicationArn(call, name), applicationArn(call, newName));
        for (const group of await listGroups(tx, row)) await moveTags(tx, call, groupArn(call, name, group.name), groupArn(call, newName, group.name));
      });
      return {};
    },

    /** An application that is not there is as good as deleted. */
    async DeleteApplication(input, call) {
      const name = applicationName(input.applicationName);
      await db.transaction(async (tx) => {
        const row = await lockApplication(tx, call, name);
        if (row === undefined) return;
        for (const group of await listGroups(tx, row)) await removeAllTags(tx, tagged(call, groupArn(call, name, group.name)));
        await removeAllTags(tx, tagged(call, applicationArn(call, name)));
        await deleteApplication(tx, row);
      });
      return {};
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

const taken = (name: string): Error => fail('ApplicationAlreadyExistsException', `Application already exists: ${name}`);

const infoOf = (row: ApplicationRow): ApplicationInfo => ({
  applicationId: row.application_id, applicationName: row.name, createTime: row.created, linkedToGitHub: false, computePlatform: 'Server',
});
