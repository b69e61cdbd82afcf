import { generateKeyPairSync } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Slipway } from '@slipway/testkit';

let s: Slipway;
let folder: string;
beforeAll(async () => {
  s = await Slipway.start();
  folder = mkdtempSync(join(tmpdir(), 'slipway-keys-'));
});
afterAll(async () => {
  await s.stop();
  rmSync(folder, { recursive: true });
});

let made = 0;
/** A key pair of the system's own tool: the public half, and what the tool says of it. */
function keygen(...options: string[]) {
  const file = join(folder, `key-${made++}`);
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'a comment', '-f', file, ...options]);
  const fingerprint = /MD5:(\S+)/.exec(execFileSync('ssh-keygen', ['-l', '-E', 'md5', '-f', file]).toString())?.[1];
  return { body: readFileSync(`${file}.pub`, 'utf8'), fingerprint, pem: execFileSync('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', file]).toString().trim() };
}

test('UploadSSHPublicKey: keeps an RSA key under an id, and answers it in both encodings', async () => {
  await s.aws.iam.createUser({ UserName: 'ada' });
  const key = keygen('-t', 'rsa', '-b', '2048');
  const { SSHPublicKey: kept } = await s.aws.iam.uploadSSHPublicKey({ UserName: 'ada', SSHPublicKeyBody: key.body });
  expect(kept).toMatchObject({ UserName: 'ada', SSHPublicKeyId: expect.stringMatching(/^APKA[A-Z2-7]{17}$/), Fingerprint: key.fingerprint, Status: 'Active' });
  expect(key.body).toContain(kept!.SSHPublicKeyBody);
  const about = { UserName: 'ada', SSHPublicKeyId: kept!.SSHPublicKeyId! };
  expect((await s.aws.iam.getSSHPublicKey({ ...about, Encoding: 'PEM' })).SSHPublicKey?.SSHPublicKeyBody).toBe(key.pem);
  await expect(s.aws.iam.uploadSSHPublicKey({ UserName: 'ada', SSHPublicKeyBody: key.pem })).rejects.toMatchObject({ name: 'DuplicateSSHPublicKeyException' });
  await s.aws.iam.updateSSHPublicKey({ ...about, Status: 'Inactive' });
  expect((await s.aws.iam.listSSHPublicKeys({ UserName: 'ada' })).SSHPublicKeys).toEqual([expect.objectContaining({ SSHPublicKeyId: kept!.SSHPublicKeyId, Status: 'Inactive' })]);
  await expect(s.aws.iam.deleteUser({ UserName: 'ada' })).rejects.toMatchObject({ name: 'DeleteConflictException' });
  await s.aws.iam.deleteSSHPublicKey(about);
  await expect(s.aws.iam.getSSHPublicKey({ ...about, Encoding: 'SSH' })).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  await s.aws.iam.deleteUser({ UserName: 'ada' });
});

test('UploadSSHPublicKey: refuses what is no RSA key of 2,048 bits, and a sixth key', async () => {
  await s.aws.iam.createUser({ UserName: 'eve' });
  const upload = (SSHPublicKeyBody: string) => s.aws.iam.uploadSSHPublicKey({ UserName: 'eve', SSHPublicKeyBody });
  await expect(upload(keygen('-t', 'rsa', '-b', '1024').body)).rejects.toMatchObject({ name: 'InvalidPublicKeyException' });
  await expect(upload(keygen('-t', 'ecdsa').body)).rejects.toMatchObject({ name: 'UnrecognizedPublicKeyEncodingException' });
  await expect(upload('ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB')).rejects.toMatchObject({ name: 'InvalidPublicKeyException' });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
  await expect(upload(privateKey)).rejects.toMatchObject({ name: 'UnrecognizedPublicKeyEncodingException' });
  for (let index = 0; index < 5; index += 1) await upload(keygen('-t', 'rsa', '-b', '2048').body);
  await expect(upload(keygen('-t', 'rsa', '-b', '2048').body)).rejects.toMatchObject({ name: 'LimitExceededException' });
  expect((await s.aws.iam.listSSHPublicKeys({ UserName: 'eve', MaxItems: 2 })).IsTruncated).toBe(true);
});

test('UploadSSHPublicKey: a caller needs the permission on the user', async () => {
  const bob = s.as(await s.user('bob', { Action: 'iam:ListSSHPublicKeys', Resource: '*' }));
  await expect(bob.iam.uploadSSHPublicKey({ UserName: 'bob', SSHPublicKeyBody: 'x' })).rejects.toMatchObject({ name: 'AccessDenied' });
  expect((await bob.iam.listSSHPublicKeys({})).SSHPublicKeys).toEqual([]);
});
