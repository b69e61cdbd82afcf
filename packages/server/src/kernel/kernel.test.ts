import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatArn, parseArn } from './arn.ts';
import * as ids from './ids.ts';
import { jsonLog } from './log.ts';
import { createPaging, pages } from './paging.ts';
import { createKeyedHash, createSeal } from './seal.ts';

describe('ids', () => {
  it.each([
    ['deploymentId', ids.deploymentId, /^d-[A-Z0-9]{9}$/],
    ['accessKeyId', ids.accessKeyId, /^AKIA[A-Z2-7]{16}$/],
    ['temporaryAccessKeyId', ids.temporaryAccessKeyId, /^ASIA[A-Z2-7]{16}$/],
    ['uniqueId', () => ids.uniqueId('AROA'), /^AROA[A-Z2-7]{17}$/],
    ['serviceCredentialId', ids.serviceCredentialId, /^ACCA[A-Z2-7]{17}$/],
    ['secretAccessKey', ids.secretAccessKey, /^[A-Za-z0-9+/]{40}$/],
    ['artifactKey', ids.artifactKey, /^[A-Za-z0-9]{7}$/],
    ['uuid', ids.uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ])('%s has the shape that AWS gives it, and is another each time', (_name, make, shape) => {
    expect(make()).toMatch(shape);
    expect(make()).not.toBe(make());
  });
});

describe('ARNs', () => {
  it('are read and written with the resource whole, colons included', () => {
    const arn = { partition: 'aws', service: 'codebuild', region: 'us-east-1', account: '1', resource: 'build/p:uuid' };
    expect(parseArn('arn:aws:codebuild:us-east-1:1:build/p:uuid')).toEqual(arn);
    expect(formatArn(arn)).toBe('arn:aws:codebuild:us-east-1:1:build/p:uuid');
    expect(formatArn({ service: 's3', resource: 'bucket/key' })).toBe('arn:aws:s3:::bucket/key');
  });

  it.each(['', 'arn', 'arn:aws:s3:::', 'arn:aws:s3::bucket', 'x:aws:s3:::b', 'arn::s3:::b'])('%j is none', (text) => {
    expect(parseArn(text)).toBeUndefined();
  });
});

describe('Paging', () => {
  const paging = createPaging(randomBytes(32));
  const place = { operation: 'test:List', account: '1', region: 'us-east-1', arguments: { sortBy: 'NAME' } };

  it('gives back the key that a token was made from', () => {
    expect(paging.read(place, paging.after(place, ['a', 7]))).toEqual(['a', 7]);
  });

  it.each([
    ['another operation', { operation: 'test:ListOther' }], ['another account', { account: '2' }],
    ['another region', { region: 'eu-west-1' }], ['other arguments', { arguments: { sortBy: 'TIME' } }],
  ])('does not take a token of %s', (_name, change) => {
    expect(paging.read({ ...place, ...change }, paging.after(place, ['a']))).toBeUndefined();
  });

  it.each(['', 'x', 'AAAA'.repeat(20), '%%%'])('does not take %j for a token', (token) => {
    expect(paging.read(place, token)).toBeUndefined();
  });

  it('does not take a token with another key in it, nor one made under another secret', () => {
    const bytes = Buffer.from(paging.after(place, ['a']), 'base64url');
    bytes[bytes.length - 3] = 'b'.charCodeAt(0);
    expect(paging.read(place, bytes.toString('base64url'))).toBeUndefined();
    expect(paging.read(place, createPaging(randomBytes(32)).after(place, ['a']))).toBeUndefined();
  });
});

describe('pages', () => {
  const paging = createPaging(randomBytes(32));
  const listing = pages(paging, { account: '1', region: 'us-east-1' }, 'test:List', null, () => new Error('invalid token'));
  const names = ['a', 'b', 'c', 'd', 'e'];
  const within = (rows: readonly string[], token: string | undefined) => listing.within(rows, token, 2, (name) => name);

  it('cuts a page off and names what comes behind it, until there is no more', () => {
    const { page, next } = listing.cut(['a', 'b', 'c'], 2, (name) => [name]);
    expect([page, listing.read(next)]).toEqual([['a', 'b'], ['b']]);
    expect(listing.cut(['c', 'd'], 2, (name) => [name])).toEqual({ page: ['c', 'd'], next: undefined });
  });

  it('goes on behind a row that was deleted between two pages', () => {
    const { next } = within(names, undefined);
    expect(within(names.filter((name) => name !== 'b'), next).page).toEqual(['c', 'd']);
  });

  it('refuses a token of another listing with the error of the room', () => {
    const other = pages(paging, { account: '1', region: 'us-east-1' }, 'test:ListOther', null, () => new Error('invalid token'));
    expect(() => listing.read(other.after(['a']))).toThrow('invalid token');
  });
});

describe('Seal', () => {
  const master = randomBytes(32);
  const seal = createSeal(master);

  it('opens what it sealed, in its place only', () => {
    const sealed = seal.seal('grüße', 'keys/secret/1');
    expect(seal.open(sealed, 'keys/secret/1')).toBe('grüße');
    expect(() => seal.open(sealed, 'keys/secret/2')).toThrow('The secret at keys/secret/2 cannot be opened');
  });

  it('never seals a text the same way twice, nor shows it', () => {
    const [one, two] = [seal.seal('secret', 'p'), seal.seal('secret', 'p')];
    expect(one).not.toBe(two);
    expect(Buffer.from(one, 'base64').includes('secret')).toBe(false);
  });

  it('notices every changed byte', () => {
    const sealed = Buffer.from(seal.seal('secret', 'p'), 'base64');
    for (let n = 0; n < sealed.length; n += 1) {
      const changed = Buffer.from(sealed);
      changed[n] = (changed[n] ?? 0) ^ 1;
      expect(() => seal.open(changed.toString('base64'), 'p')).toThrow('The secret at p');
    }
  });

  it('opens what a previous master key sealed, when that is given', () => {
    const next = randomBytes(32);
    const sealed = seal.seal('secret', 'p');
    expect(createSeal(next, [master]).open(sealed, 'p')).toBe('secret');
    expect(() => createSeal(next).open(sealed, 'p')).toThrow('another master key');
  });

  it('refuses a master key of another length', () => {
    expect(() => createSeal(Buffer.alloc(16))).toThrow('must have 32 bytes');
  });

  it('hashes alike for one purpose and one key only', () => {
    const hash = createKeyedHash(master);
    expect(hash('x', 'git')).toBe(createKeyedHash(master)('x', 'git'));
    expect(hash('x', 'git')).not.toBe(hash('x', 'sts'));
    expect(hash('x', 'git')).not.toBe(createKeyedHash(randomBytes(32))('x', 'git'));
  });
});

describe('jsonLog', () => {
  it('writes one JSON object per line, errors with their causes', () => {
    const lines: string[] = [];
    jsonLog({ write: (line) => lines.push(line) }).error('It failed\nbadly', { error: new Error('outer', { cause: new Error('inner') }) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'error', message: 'It failed\nbadly', error: { message: 'outer', cause: { message: 'inner' } } });
  });
});
