import type { CodePipelineApi } from '@slipway/contracts';
import type { PipelineDeclaration } from '@slipway/contracts/codepipeline';
import type { Transaction } from '../../kernel/database.ts';
import { whenTaken } from '../../kernel/database/index.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeAllTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags, Tagged } from '../../kernel/tags.ts';
import { checkDefinition, normalised } from './definition.ts';
import { launch } from './launch.ts';
import { pipelineArn, pipelineOfArn } from './arns.ts';
import { fail, noPipeline } from './fail.ts';
import { PIPELINE, SOURCES } from './names.ts';
import { pagesOf } from './pages.ts';
import { pipelineRole } from './role.ts';
import { look, remember } from './sources.ts';
import type { SourceDeps } from './sources.ts';
import { definitionOf } from './store.ts';
import type { PipelineRow } from './store.ts';

/** Pipelines as definitions. */
export function pipelines(deps: SourceDeps & { readonly paging: Paging }) {
  const { paging, db, clock, jobs, rows, identities, providers } = deps;

  async function check(pipeline: PipelineDeclaration, call: Call): Promise<void> {
    checkDefinition(pipeline, providers, call.region);
    try {
      await pipelineRole(identities, call, pipeline);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw fail('InvalidStructureException', `CodePipeline is not authorized to perform AssumeRole on role ${pipeline.roleArn}`, { cause: error });
    }
  }

  async function changeTags(call: Call, arn: string, change: (tx: Transaction, resource: Tagged) => Promise<void>): Promise<void> {
    const name = pipelineOfArn(call, arn);
    await db.transaction(async (tx) => {
      if (await rows.lockPipeline(tx, call, name) === undefined) throw noResource(arn);
      await change(tx, { account: call.account, arn });
    });
  }

  return {
    async CreatePipeline({ pipeline, tags = [] }, call) {
      const { name } = pipeline;
      const inUse = () => fail('PipelineNameInUseException', `A pipeline with the name '${name}' already exists in account '${call.account}'`);
      if (await rows.pipeline(call, name)) throw inUse();
      await check(pipeline, call);
      const definition = normalised(pipeline, 1);
      const looks = await look(deps, call, definition);
      await db.transaction(async (tx) => {
        const now = clock.now();
        const row: PipelineRow = {
          account: call.account, region: call.region, name, version: 1, definition: JSON.stringify(definition),
          created: now, updated: now, updated_by: call.caller.arn, next_ordinal: 0,
        };
        await rows.insertPipeline(tx, row).catch(whenTaken(inUse));
        await putTags(tx, { account: call.account, arn: pipelineArn(call, name) }, tags, refuseTags);
        await remember(deps, tx, call, name, looks);
        await launch(deps, tx, row, { trigger: { type: 'CreatePipeline', detail: call.caller.arn } });
      });
      return { pipeline: definition, ...(tags.length > 0 ? { tags } : {}) };
    },

    async GetPipeline({ name, version }, call) {
      const row = await rows.pipeline(call, name);
      if (row === undefined) throw noPipeline(call, name);
      const asked = version === undefined ? row : await rows.version(call, name, version);
      if (asked === undefined) throw fail('PipelineVersionNotFoundException', `Account '${call.account}' does not have a pipeline with name '${name}' and version '${version}'`);
      return { pipeline: definitionOf(asked), metadata: { pipelineArn: pipelineArn(call, name), created: row.created, updated: row.updated } };
    },

    async UpdatePipeline({ pipeline }, call) {
      const missing = () => fail('InvalidStructureException', `Pipeline with name '${pipeline.name}' does not exist in account '${call.account}'`);
      if (await rows.pipeline(call, pipeline.name) === undefined) throw missing();
      await check(pipeline, call);
      const looks = await look(deps, call, pipeline);
      return db.transaction(async (tx) => {
        const row = await rows.lockPipeline(tx, call, pipeline.name);
        if (row === undefined) throw missing();
        const definition = normalised(pipeline, row.version + 1);
        const updated: PipelineRow = { ...row, version: row.version + 1, definition: JSON.stringify(definition), updated: clock.now(), updated_by: call.caller.arn };
        await rows.updatePipeline(tx, updated);
        await rows.insertVersion(tx, updated);
        await remember(deps, tx, call, pipeline.name, looks);
        await jobs.wake(tx, { kind: PIPELINE, account: call.account, region: call.region, id: pipeline.name });
        return { pipeline: definition };
      });
    },

    /** Deleting what is not there succeeds, as with AWS. What runs elsewhere for it goes on. */
    async DeletePipeline({ name }, call) {
      await db.transaction(async (tx) => {
        if (await rows.lockPipeline(tx, call, name) === undefined) return;
        await rows.deletePipeline(tx, call, name);
        await removeAllTags(tx, { account: call.account, arn: pipelineArn(call, name) });
        // Its source job finds nothing and gives up what it watches.
        await jobs.wake(tx, { kind: SOURCES, account: call.account, region: call.region, id: name });
      });
      return {};
    },

    async ListPipelines({ nextToken, maxResults = 1000 }, call) {
      const listing = pagesOf(paging, call, 'ListPipelines');
      const { page, next } = listing.cut(await rows.pipelines(call, String(listing.read(nextToken)?.[0] ?? ''), maxResults + 1), maxResults, (row) => [row.name]);
      return {
        pipelines: page.map((row) => {
          const { pipelineType, executionMode } = definitionOf(row);
          return { name: row.name, version: row.version, pipelineType, executionMode, created: row.created, updated: row.updated };
        }),
        nextToken: next,
      };
    },

    async TagResource({ resourceArn, tags }, call) {
      await changeTags(call, resourceArn, (tx, resource) => putTags(tx, resource, tags, refuseTags));
      return {};
    },

    async UntagResource({ resourceArn, tagKeys }, call) {
      await changeTags(call, resourceArn, (tx, resource) => removeTags(tx, resource, tagKeys));
      return {};
    },

    async ListTagsForResource({ resourceArn }, call) {
      if (await rows.pipeline(call, pipelineOfArn(call, resourceArn)) === undefined) throw noResource(resourceArn);
      return { tags: await listTags(db.read, { account: call.account, arn: resourceArn }) };
    },
  } satisfies Partial<Operations<CodePipelineApi>>;
}

const noResource = (arn: string) => fail('ResourceNotFoundException', `The resource ${arn} was not found.`);

const refuseTags: RefuseTags = (message, fault) => fail(fault === 'tooMany' ? 'TooManyTagsException' : 'InvalidTagsException', message);
