import type { CloudWatchApi } from '@slipway/contracts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { pages } from '../../../kernel/paging.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Operations } from '../../../kernel/service.ts';
import { putTags, removeAllTags } from '../../../kernel/tags.ts';
import { dashboardArn } from '../arns.ts';
import { dashboardFaults } from './dashboard-body.ts';
import { fail, invalid } from '../fail.ts';
import { deleteDashboard, findDashboard, listDashboards, putDashboard } from '../store/dashboards.ts';
import { reading, writing } from '../store/tables.ts';
import { refuseTags } from '../tags.ts';

const PAGE = 1_000;

const noDashboard = (name: string): Error => fail('DashboardNotFoundError', `Dashboard ${name} does not exist`);

/** Dashboards are kept and given back as they were put; they are global. */
export function dashboards({ db, clock, paging }: { db: Database; clock: Clock; paging: Paging }) {
  return {
    async PutDashboard(input, call) {
      const { DashboardName: name, DashboardBody: body, Tags: tags } = input;
      if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw fail('DashboardInvalidInputError', `The value ${name} for parameter DashboardName is invalid.`);
      const { errors, warnings } = dashboardFaults(body);
      if (errors.length > 0) throw fail('DashboardInvalidInputError', 'The dashboard body is invalid', { detail: { dashboardValidationMessages: errors } });
      await db.transaction(async (tx) => {
        const known = await findDashboard(writing(tx), call.account, name);
        await putDashboard(tx, { account: call.account, name, body, modified: clock.now() });
        if (known === undefined && tags !== undefined) await putTags(tx, { account: call.account, arn: dashboardArn(call, name) }, tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return { DashboardValidationMessages: warnings };
    },

    async GetDashboard({ DashboardName: name }, call) {
      const row = await findDashboard(reading(db), call.account, name);
      if (row === undefined) throw noDashboard(name);
      return { DashboardArn: dashboardArn(call, name), DashboardBody: row.body, DashboardName: name };
    },

    async ListDashboards(input, call) {
      const { NextToken: token, ...filter } = input;
      const listing = pages(paging, { account: call.account, region: '' }, 'cloudwatch:ListDashboards', filter, () => invalid('The value for parameter NextToken is invalid.'));
      const after = listing.read(token)?.[0];
      const rows = await listDashboards(reading(db), call.account, input.DashboardNamePrefix ?? '', { after: after === undefined ? undefined : String(after), limit: PAGE + 1 });
      const { page, next } = listing.cut(rows, PAGE, (row) => [row.name]);
      return { DashboardEntries: page.map((row) => ({ DashboardName: row.name, DashboardArn: dashboardArn(call, row.name), LastModified: row.modified, Size: Buffer.byteLength(row.body) })), NextToken: next };
    },

    /** All or none. */
    async DeleteDashboards({ DashboardNames: names }, call) {
      if (names.length === 0) throw invalid('The collection DashboardNames must not be empty.');
      await db.transaction(async (tx) => {
        for (const name of new Set(names)) {
          // DashboardNotFoundError is in AWS's answers, if not among the errors of the operation's model.
          if ((await findDashboard(writing(tx), call.account, name)) === undefined) throw noDashboard(name);
          await removeAllTags(tx, { account: call.account, arn: dashboardArn(call, name) });
          await deleteDashboard(tx, call.account, name);
        }
      });
      return {};
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}
