import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway, makeCertificate, type TestCertificate } from '@slipway/testkit';
import { sandboxRunner } from '../../../../../builder/src/runners/sandbox.ts';
import { testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { TOOLS_AUTHORITIES, TOOLS_IMAGE, addStockCli, makeToolsImage, stockCli, toolsProblem } from '../../../../../builder/src/runners/testing/tools.ts';
import { uuidOf } from '../builds/build.ts';
import { buildsOf, buildspec } from './house.ts';

/** What people write in buildspecs, run as they write it, with the stock tools, wherever builds run. */

const engines = await testEngines();
const cli = await stockCli();
const problem = (await toolsProblem()) ?? (cli?.asWritten === true ? undefined : 'the aws CLI is of before 2023 and does not read AWS_ENDPOINT_URL');
const root = process.getuid?.() === 0;
const sandbox = (await sandboxRunner.unavailable()) === undefined && root;
const compute = { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL' } as const;

const own = { environment: { ...compute, image: 'aws/codebuild/standard:7.0' }, socket: undefined };
const plain = { runner: 'plain' as const, network: 'isolated', ...own };
const boxed = { runner: 'auto' as const, ...own };
const contained = engines.map(({ name, socket }) => ({ name: `a container of ${name}`, runner: 'container' as const, network: 'isolated', environment: { ...compute, image: TOOLS_IMAGE }, socket }));
const places = [
  { name: 'plain processes', secure: false, ...plain },
  { name: 'plain processes, over TLS', secure: true, ...plain },
  ...(sandbox ? [
    { name: 'a sandbox', secure: false, network: 'isolated', ...boxed },
    { name: 'a sandbox, over TLS', secure: true, network: 'isolated', ...boxed },
    { name: 'a sandbox that reaches the server only, over TLS', secure: true, network: 'none', ...boxed },
    { name: "a sandbox on the machine's network", secure: false, network: 'host', ...boxed },
  ] : []),
  ...contained.flatMap((place) => [{ ...place, secure: false }, { ...place, name: `${place.name}, over TLS`, secure: true }]),
];
if (problem !== undefined) it.skip(`the stock tools in builds (${problem})`);
if (!sandbox) it.skip('the stock tools in sandboxes (bubblewrap does not work here, or this is not root, who alone can put tools where sandboxes see them)');
if (engines.length === 0) it.skip('the stock tools in containers (no engine was found; TEST_ENGINES names sockets)');

/** One line, with the answers as they are. */
const inPython = 'import os, urllib.request as r; asItIs = lambda self, request, answer: answer; print(r.build_opener(type("AsItIs", (r.HTTPErrorProcessor,), {"http_response": asItIs, "https_response": asItIs})).open(os.environ["AWS_ENDPOINT_URL"] + "/v1/repos/site/info/refs?service=git-upload-pack").status)';

describe.skipIf(problem !== undefined)('The stock tools', () => {
  /** Where sandboxes see it. */
  let tools: string;
  let tls: TestCertificate;
  beforeAll(async () => {
    tools = mkdtempSync(sandbox ? '/opt/slipway-test-' : '/tmp/slipway-test-');
    tls = makeCertificate();
    await addStockCli(cli!, tools);
    await makeToolsImage(engines, tools);
  }, 180_000);
  afterAll(() => {
    tls.remove();
    rmSync(tools, { recursive: true });
  });

  it("believe the project's certificate beside the server's", async () => {
    const other = makeCertificate();
    const elsewhere = createServer({ cert: other.certificate, key: other.key }, (_, response) => response.end('elsewhere\n'));
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const s = await Slipway.start({ runner: 'plain', tls });
    const house = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: 'store' });
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'ca.pem', Body: other.authority });
    const url = `https://localhost:${(elsewhere.address() as AddressInfo).port}/`;
    const fetchAll = [`curl -s ${url} || echo refused`, `node -e "fetch('${url}').then((answer) => answer.text()).then((text) => console.log(text.trim()), () => console.log('refused'))"`, 'curl -s -o /dev/null -w "%{http_code}\\n" "$AWS_ENDPOINT_URL/v1/repos/x/info/refs?service=git-upload-pack"'];
    await house.project('two', { source: { type: 'NO_SOURCE', buildspec: buildspec(fetchAll) } });
    expect(await house.output(await house.run('two'))).toEqual(['refused', 'refused', '401']);
    expect(await house.output(await house.run('two', { certificateOverride: 'arn:aws:s3:::store/ca.pem' }))).toEqual(['elsewhere', 'elsewhere', '401']);
    await s.stop();
    await new Promise((resolve) => elsewhere.close(resolve));
    other.remove();
  }, 120_000);

  describe.each(places)('in $name', ({ runner, network, environment, socket, secure }) => {
    let s: Slipway;
    let house: ReturnType<typeof buildsOf>;
    beforeAll(async () => {
      s = await Slipway.start({ runner, ...(secure ? { tls } : {}), settings: { SLIPWAY_BUILD_NETWORK: network, ...(socket === undefined ? {} : { SLIPWAY_CONTAINER_SOCKET: socket }) } });
      house = buildsOf(s);
      await s.aws.s3.createBucket({ Bucket: 'tools' });
      for (const repositoryName of ['site', 'parts']) {
        await s.aws.codecommit.createRepository({ repositoryName });
        await s.aws.codecommit.putFile({ repositoryName, branchName: 'main', filePath: 'name', fileContent: Buffer.from(`${repositoryName}\n`) });
      }
    });
    afterAll(() => s.stop());

    const run = async (name: string, commands: readonly string[], more = ''): Promise<string[]> => {
      const path = socket === undefined ? [{ name: 'PATH', value: `${tools}/bin:/usr/local/bin:/usr/bin:/bin` }] : [];
      await house.project(name, { environment: { ...environment, environmentVariables: path }, source: { type: 'NO_SOURCE', buildspec: buildspec(['set -e', ...commands], more) } });
      const build = await house.run(name);
      const output = await house.output(build);
      if (build.buildStatus !== 'SUCCEEDED') throw new Error(`the build has ended ${build.buildStatus}:\n${(await house.log(build)).join('\n')}`);
      return output.map((line) => line.replaceAll(uuidOf(build.id!), 'BUILD'));
    };

    // One build, for the sake of containers, which take their time to begin.
    it('do what they do on AWS: aws, git, curl, Python and Node', async () => {
      const [aws, ours] = ['https://git-codecommit.us-east-1.amazonaws.com/v1/repos', `${s.endpoint}/v1/repos`];
      const output = await run('everything', [
        // As the build's role, to S3 and back.
        'aws sts get-caller-identity --query Arn --output text', 'echo hello > file', 'aws s3 cp --quiet file s3://tools/file', 'aws s3 cp --quiet s3://tools/file -',
        // By AWS's URL and by ours, a second repository, a submodule, and a push.
        `git clone -q ${aws}/site`, 'cat site/name', 'cd site', 'git config user.email a@b; git config user.name A', `git submodule --quiet add ${ours}/parts parts 2>&1`, 'git commit -qm parts', 'git push -q 2>&1',
        'cd ..', `git clone -q --recurse-submodules ${ours}/site again`, 'cat again/parts/name', `git ls-remote ${aws}/parts HEAD | wc -l | tr -d " "`,
        // Whoever speaks HTTPS reaches the endpoint.
        'curl -s -o /dev/null -w "%{http_code}\\n" "$AWS_ENDPOINT_URL/v1/repos/site/info/refs?service=git-upload-pack"',
        `python3 -c '${inPython}'`,
        `node -e "fetch(process.env.AWS_ENDPOINT_URL + '/v1/repos/site/info/refs?service=git-upload-pack').then(({ status }) => console.log(status))"`,
        `node -e "fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } }).then((answer) => answer.json()).then(({ RoleArn }) => console.log(RoleArn))"`,
        // The SDKs ask for credentials over plain HTTP on loopback, or over TLS of well-known authorities.
        'case "$AWS_CONTAINER_CREDENTIALS_FULL_URI" in (http://127.0.0.1:*) echo loopback ;; esac',
        ...(secure ? [environment.image === TOOLS_IMAGE ? `grep -c "${TOOLS_AUTHORITIES}" "$SSL_CERT_FILE"` : '[ "$(grep -c BEGIN "$SSL_CERT_FILE")" -gt "$(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt)" ] && echo 1'] : ['echo "${SSL_CERT_FILE-1}"']),
      ], 'env:\n  git-credential-helper: yes\n');
      expect(output).toEqual([
        `arn:aws:sts::${s.account}:assumed-role/builder/AWSCodeBuild-BUILD`, 'hello', 'site', 'parts', '1', '401', '401', '401', `arn:aws:iam::${s.account}:role/builder`, 'loopback', '1',
      ]);
    }, 240_000);

    it.skipIf(secure)('git is refused without git-credential-helper', async () => {
      expect(await run('nobody', [`GIT_TERMINAL_PROMPT=0 git clone -q ${s.endpoint}/v1/repos/site 2>/dev/null || echo refused`])).toEqual(['refused']);
    }, 120_000);
  });
});
