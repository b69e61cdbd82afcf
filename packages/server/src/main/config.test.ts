import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, settings } from './config.ts';

const smtp = (url: string): unknown => readConfig({}, { SLIPWAY_SMTP_URL: url }).smtp;

describe('readConfig', () => {
  it('without flags and variables: the documented defaults', () => {
    expect(readConfig({}, {})).toEqual({
      port: 4566, bind: '127.0.0.1', data: join(homedir(), '.slipway'), region: 'us-east-1', accountId: '000000000000',
      sshPort: undefined, tls: undefined, rootKey: undefined, databaseUrl: undefined, masterKeyFile: undefined, runner: 'auto', concurrentBuilds: 20, builds: { network: 'isolated', networkAllow: [], containerSocket: undefined, containerImage: undefined, privileged: false, localCacheBytes: 10 * 1_024 ** 3, diskBytes: undefined }, logLevel: 'info',
      publicUrl: undefined, allowEndpoints: [], smtp: undefined, dev: false,
    });
  });

  it('takes a flag over a variable, and a variable over a default', () => {
    expect(readConfig({}, { SLIPWAY_PORT: '4000' }).port).toBe(4000);
    expect(readConfig({ port: '5000' }, { SLIPWAY_PORT: '4000' }).port).toBe(5000);
  });

  it('counts an empty variable as not given', () => {
    expect(readConfig({}, { SLIPWAY_REGION: '' }).region).toBe('us-east-1');
  });

  it('gives an absolute data folder', () => {
    expect(readConfig({ data: 'here' }, {}).data).toBe(join(process.cwd(), 'here'));
  });

  it('is frozen', () => {
    expect(Object.isFrozen(readConfig({}, {}))).toBe(true);
  });

  it('has one flag and one variable for each setting, by the same name', () => {
    for (const { flag, variable } of settings) expect(variable).toBe(`SLIPWAY_${flag.toUpperCase().replaceAll('-', '_')}`);
  });

  it('refuses a SLIPWAY_ variable that it does not know, and names those it does', () => {
    expect(() => readConfig({}, { SLIPWAY_PROT: '1' })).toThrow(/^SLIPWAY_PROT is not a setting of Slipway\. Known: SLIPWAY_PORT, .*SLIPWAY_DEV$/);
  });

  it('lets variables be that Slipway sets for its own builds and hosts', () => {
    expect(() => readConfig({}, { SLIPWAY_BUILD_ID: 'x', SLIPWAY_HOST_NAME: 'y' })).not.toThrow();
  });

  it.each([
    [{ port: '65536' }, "--port is '65536'; accepted is a port number, 0 to 65535"],
    [{ port: '-1' }, "--port is '-1'; accepted is a port number, 0 to 65535"],
    [{ bind: 'example.org' }, "--bind is 'example.org'; accepted is an IP address"],
    [{ region: 'europe' }, "--region is 'europe'; accepted is a region such as us-east-1"],
    [{ 'account-id': '12' }, "--account-id is '12'; accepted is 12 digits"],
    [{ runner: 'docker' }, "--runner is 'docker'; accepted is auto, sandbox, container or plain"],
    [{ 'log-level': 'debug' }, "--log-level is 'debug'; accepted is info, warn or error"],
    [{ 'public-url': 'https://ci.example.com/slipway' }, "--public-url is 'https://ci.example.com/slipway'; accepted is an http:// or https:// URL without path"],
    [{ 'public-url': 'ci.example.com' }, '--public-url'],
    [{ 'build-network-allow': '10.0.0.1' }, "--build-network-allow is '10.0.0.1'; accepted is a comma-separated list of CIDRs"],
    [{ 'build-network-allow': 'private', 'build-network': 'host' }, '--build-network-allow opens addresses to isolated builds; the network of builds here is host'],
    [{ 'allow-endpoints': '10.0.0.1' }, "--allow-endpoints is '10.0.0.1'; accepted is a comma-separated list of CIDRs such as 10.1.0.0/16, private, loopback"],
    [{ 'allow-endpoints': 'private,10.0.0.0/33' }, "--allow-endpoints is 'private,10.0.0.0/33'; accepted"],
    [{ 'smtp-url': 'mail.example.com' }, '--smtp-url: accepted is smtp:// or smtps://user:password@host:port'],
    [{ 'smtp-url': 'smtp://user@mail' }, '--smtp-url: accepted is smtp:// or smtps://'],
    [{ 'tls-cert': 'a.pem' }, '--tls-cert was given without its counterpart; the two go together'],
    [{ 'root-access-key-id': 'AKIA' }, '--root-access-key-id was given without its counterpart; the two go together'],
    [{ 'database-url': 'mysql://x' }, '--database-url: accepted is a postgres:// URL'],
    [{ 'database-url': 'postgres://x/y' }, 'With PostgreSQL the master key must be given: --master-key-file or SLIPWAY_MASTER_KEY_FILE'],
  ])('refuses %j by name', (flags, message) => {
    expect(() => readConfig(flags, {})).toThrow(message);
  });

  it('names the variable when the value came from there', () => {
    expect(() => readConfig({}, { SLIPWAY_PORT: 'x' })).toThrow("SLIPWAY_PORT is 'x'");
  });

  it('refuses another SLIPWAY_DEV than 0 and 1', () => {
    expect(() => readConfig({}, { SLIPWAY_DEV: 'true' })).toThrow("SLIPWAY_DEV is 'true'; accepted is 0 or 1");
  });

  it('never repeats a secret in a refusal', () => {
    expect(() => readConfig({ 'root-secret-access-key': 'hush' }, {})).toThrow(/^(?!.*hush)/);
    expect(() => readConfig({ 'database-url': 'mysql://user:hush@host' }, {})).toThrow(/^(?!.*hush)/);
    for (const url of ['http://user:hush@host', 'smtp://user:hush@host/path', 'smtp://user:hush%zz@host', 'smtp://user:hush@host:99999']) {
      expect(() => readConfig({ 'smtp-url': url }, {})).toThrow(/^(?!.*hush)--smtp-url/);
    }
  });

  it('reads the mail server with its credentials', () => {
    expect(smtp('smtp://me%40example.com:p%3Aw@mail.example.com:25')).toEqual({ host: 'mail.example.com', port: 25, secure: false, auth: { user: 'me@example.com', password: 'p:w' } });
    expect(smtp('smtps://[::1]')).toEqual({ host: '::1', port: 465, secure: true, auth: undefined });
    expect(smtp('smtp://mail')).toMatchObject({ port: 587 });
  });

  it('reads which addresses endpoints may have', () => {
    expect(readConfig({ 'allow-endpoints': 'loopback, 10.1.0.0/16' }, {}).allowEndpoints).toEqual(['127.0.0.0/8', '::1/128', '10.1.0.0/16']);
    expect(readConfig({ 'build-network-allow': '10.1.0.0/16' }, {}).builds.networkAllow).toEqual(['10.1.0.0/16']);
    expect(readConfig({ 'allow-endpoints': 'private' }, {}).allowEndpoints).toContain('fc00::/7');
  });

  it('--dev makes test/test the root key, and yields to a key that is given', () => {
    expect(readConfig({ dev: true }, {}).rootKey).toEqual({ accessKeyId: 'test', secretAccessKey: 'test' });
    expect(readConfig({}, { SLIPWAY_DEV: '1' }).dev).toBe(true);
    const given = readConfig({ dev: true }, { SLIPWAY_ROOT_ACCESS_KEY_ID: 'AKIAGIVEN', SLIPWAY_ROOT_SECRET_ACCESS_KEY: 'given' });
    expect(given.rootKey?.accessKeyId).toBe('AKIAGIVEN');
  });

  it.each(['0.0.0.0', '192.168.1.1', '::', '128.0.0.1'])('--dev is refused on %s, which others can reach', (bind) => {
    expect(() => readConfig({ dev: true, bind }, {})).toThrow('loopback only');
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('--dev is allowed on %s', (bind) => {
    expect(readConfig({ dev: true, bind }, {}).bind).toBe(bind);
  });
});
