import { Readable } from 'node:stream';
import type { ProjectArtifacts, ProjectSource } from '@aws-sdk/client-codebuild';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { HOST_KEYS, bestRunner, parseBuildspec, type Buildspec } from '@slipway/builder';
import { Slipway } from '@slipway/testkit';
import { ZipFile } from 'yazl';
import { buffer } from 'node:stream/consumers';
import { buildsOf } from '../packages/server/src/services/codebuild/test/house.ts';
import { checkBuild, corpus, makeRepositories, readLog, type CorpusCase, type SeenArtifact, type SeenBuild } from './support/corpus.ts';
import { unzipTree } from './support/corpus-zip.ts';

const { kind } = await bestRunner();
const able = corpus.filter(({ server, runners, expect, root }) => server && runners.includes(kind) && expect.refused === undefined && (!root || process.getuid?.() === 0));
const BUCKET = 'corpus';

describe('a server runs the corpus:', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: kind });
    house = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: BUCKET });
    await s.aws.s3.putBucketVersioning({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } });
  });
  afterAll(() => s.stop());

  it.each(able)('$name: $about', async (one) => checkBuild(one, await runOnServer(one)), 60_000);

  async function runOnServer(one: CorpusCase): Promise<SeenBuild> {
    const parsed = parseBuildspec(one.buildspec, { honours: HOST_KEYS });
    const { primary, secondary } = artifactsOf(one, parsed);
    await makeRepositories(s, one);
    await putValues(one);
    await house.project(one.name, { source: await sourceOf(one), artifacts: primary, secondaryArtifacts: secondary, ...(one.before.length > 0 ? { cache: { type: 'S3', location: `${BUCKET}/cache` } } : {}) });
    const declared = { ...parsed.parameterStore, ...parsed.secretsManager };
    const beside = Object.keys(one.parameters).filter((name) => !(name in declared)).map((name) => ({ name, value: parameterName(one, name), type: 'PARAMETER_STORE' as const }));
    const run = (env: Readonly<Record<string, string>>) => house.run(one.name, { environmentVariablesOverride: [...Object.entries(env).map(([name, value]) => ({ name, value })), ...beside] });
    for (const { env = one.env } of one.before) await run(env);
    const build = await run(one.env);
    const told = (build.phases ?? []).map(({ phaseType = '', phaseStatus = '', contexts = [] }) => [phaseType, phaseStatus === 'SUCCEEDED' ? phaseStatus : contexts.map(({ statusCode, message }) => `${statusCode}: ${message}`).join('\n')] as const);
    const phases = Object.fromEntries(told.filter(([phase]) => ['INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD'].includes(phase)));
    const early = told.find(([phase, text]) => phase === 'DOWNLOAD_SOURCE' && text !== 'SUCCEEDED');
    if (one.expect.early === true && early !== undefined) phases['INSTALL'] = early[1];
    const problem = told.find(([phase]) => phase === 'UPLOAD_ARTIFACTS')?.[1];
    const artifacts: Record<string, SeenArtifact> = {};
    for (const { identifier, location } of Object.keys(one.expect.artifacts ?? {}).length === 0 ? [] : [...(parsed.artifacts === undefined ? [] : [{ identifier: 'primary', location: build.artifacts?.location }]), ...(build.secondaryArtifacts ?? []).map(({ artifactIdentifier, location: at }) => ({ identifier: artifactIdentifier ?? '', location: at }))]) {
      if (problem !== undefined && problem !== 'SUCCEEDED') artifacts[identifier] = { error: problem };
      else artifacts[identifier] = { ...named(one, identifier, location), files: await unzipTree(Readable.from(await house.object(BUCKET, location?.replace(`arn:aws:s3:::${BUCKET}/`, '') ?? ''))) };
    }
    const exported = Object.fromEntries((build.exportedEnvironmentVariables ?? []).map(({ name = '', value = '' }) => [name, value]));
    return { status: build.buildStatus ?? '', output: readLog(one, await house.log(build)).output, phases, exported, artifacts };
  }

  async function putValues(one: CorpusCase): Promise<void> {
    for (const [name, value] of Object.entries(one.parameters)) await s.aws.ssm.putParameter({ Name: parameterName(one, name), Value: value, Type: 'SecureString' });
    for (const [name, value] of Object.entries(one.secrets)) await s.aws.secretsManager.createSecret({ Name: name, SecretString: value });
  }

  async function sourceOf(one: CorpusCase): Promise<ProjectSource> {
    const files = Object.entries(one.source);
    if (one.git) {
      await s.aws.codecommit.createRepository({ repositoryName: one.name });
      await s.aws.codecommit.createCommit({ repositoryName: one.name, branchName: 'main', putFiles: files.map(([filePath, text]) => ({ filePath, fileContent: Buffer.from(text) })) });
      return { type: 'CODECOMMIT', location: `https://git-codecommit.us-east-1.amazonaws.com/v1/repos/${one.name}`, buildspec: one.buildspec };
    }
    if (files.length === 0) return { type: 'NO_SOURCE', buildspec: one.buildspec };
    const zip = new ZipFile();
    for (const [path, text] of files) zip.addBuffer(Buffer.from(text), path, { mode: 0o100_644 });
    zip.end();
    await s.aws.s3.putObject({ Bucket: BUCKET, Key: `source/${one.name}.zip`, Body: await buffer(zip.outputStream as Readable) });
    return { type: 'S3', location: `${BUCKET}/source/${one.name}.zip`, buildspec: one.buildspec };
  }
});

/** The project's artifacts, as the buildspec wants them; a buildspec's name counts. */
function artifactsOf(one: CorpusCase, { artifacts, secondaryArtifacts }: Buildspec): { primary: ProjectArtifacts; secondary: ProjectArtifacts[] } {
  // A prefix counts where the build's id is part of the path.
  const prefixed = [artifacts, ...Object.values(secondaryArtifacts)].some((artifact) => artifact?.s3Prefix !== undefined);
  const s3 = (name: string): ProjectArtifacts => ({ type: 'S3', location: BUCKET, path: `out/${one.name}`, name, packaging: 'ZIP', overrideArtifactName: true, ...(prefixed ? { namespaceType: 'BUILD_ID' } : {}) });
  return {
    primary: artifacts === undefined ? { type: 'NO_ARTIFACTS' } : s3('primary'),
    secondary: Object.keys(secondaryArtifacts).map((identifier) => ({ ...s3(identifier), artifactIdentifier: identifier })),
  };
}

const parameterName = ({ name }: CorpusCase, variable: string): string => `/corpus/${name}/${variable}`;

/** `arn:aws:s3:::<bucket>/<path or prefix>/[<build id>/]<name>` */
function named(one: CorpusCase, identifier: string, location: string | undefined): { name?: string; prefix?: string } {
  const { name, prefix } = one.expect.artifacts?.[identifier] ?? {};
  const [, path = '', last = ''] = /^[^/]*\/(.*?)(?:\/[0-9a-f-]{36})?\/([^/]*)$/.exec(location ?? '') ?? [];
  return { ...(name === undefined || location === undefined ? {} : { name: last }), ...(prefix === undefined ? {} : { prefix: path }) };
}
