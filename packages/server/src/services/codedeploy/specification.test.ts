import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { openSigned, parseSpecification } from '@slipway/agent';
import { createSpecificationSigner } from './specification.ts';
import type { Specification } from './specification.ts';

const specification: Specification = {
  DeploymentId: 'arn:aws:codedeploy:us-east-1:000000000000:deployment/d-1', DeploymentGroupId: 'b8f6b1b4-0000-4000-8000-000000000000', DeploymentGroupName: 'fleet',
  ApplicationName: 'app', DeploymentCreator: 'user', DeploymentType: 'IN_PLACE',
  Revision: { RevisionType: 'S3', S3Revision: { Bucket: 'bucket', Key: 'käse.zip', BundleType: 'zip', ETag: 'abc' } },
};

const openssl = (args: readonly string[], input: string): Promise<{ code: number | null; out: string; err: string }> => new Promise((resolve) => {
  const child = spawn('openssl', args);
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.on('close', (code) => resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }));
  child.stdin.end(input);
});

describe('a signed deployment specification', () => {
  const signer = createSpecificationSigner(() => Date.now());

  test('is opened by our agent', async () => {
    const { Format, Payload } = await signer.sign(specification);
    expect(Format).toBe('PKCS7/JSON');
    expect(parseSpecification(await openSigned(Payload))).toMatchObject({ deploymentId: 'd-1', revision: { bucket: 'bucket', key: 'käse.zip', bundleType: 'zip', etag: 'abc' } });
  });

  test.each(['smime', 'cms'])('is verified by openssl %s', async (program) => {
    const { Payload } = await signer.sign(specification);
    const verified = await openssl([program, '-verify', '-noverify', '-binary', '-inform', 'PEM'], program === 'cms' ? Payload.replaceAll('PKCS7', 'CMS') : Payload);
    expect(verified.err).toContain('successful');
    expect(JSON.parse(verified.out)).toEqual(specification);
  });

  test('is refused once changed', async () => {
    const { Payload } = await signer.sign(specification);
    const der = Buffer.from(Payload.replaceAll(/-----.*-----|\s/g, ''), 'base64');
    der.write('d-2', der.indexOf('d-1'));
    await expect(openSigned(`-----BEGIN PKCS7-----\n${der.toString('base64')}\n-----END PKCS7-----`)).rejects.toThrow('signature is wrong');
  });
});
