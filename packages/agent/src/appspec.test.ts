import { describe, expect, test } from 'vitest';
import { parseAppSpec } from './appspec.ts';

const refused = (text: string): string => {
  try {
    parseAppSpec(text, 'appspec.yml');
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

const spec = (rest: string): string => `version: 0.0\nos: linux\n${rest}`;

describe('parseAppSpec', () => {
  test('reads AWS\'s shape whole', () => {
    const parsed = parseAppSpec(spec(`files:
  - source: /
    destination: /var/www
file_exists_behavior: OVERWRITE
permissions:
  - object: /var/www
    pattern: "*.sh"
    except: [a.sh]
    owner: root
    mode: 0755
    type: [file]
hooks:
  ApplicationStart:
    - location: scripts/start.sh
      timeout: 300
      runas: root
    - location: scripts/more.sh
`), 'appspec.yml');
    expect(parsed).toEqual({
      files: [{ source: '/', destination: '/var/www', at: 'appspec.yml:4:13' }],
      fileExistsBehavior: 'OVERWRITE',
      permissions: [{ object: '/var/www', pattern: '*.sh', except: ['a.sh'], owner: 'root', group: undefined, mode: 0o755, types: ['file'] }],
      hooks: { ApplicationStart: [
        { location: 'scripts/start.sh', timeoutSeconds: 300, runas: 'root' },
        { location: 'scripts/more.sh', timeoutSeconds: 3600, runas: undefined },
      ] },
    });
  });

  test('the version may be quoted', () => {
    expect(parseAppSpec('version: "0.0"\nos: linux', 'appspec.yml').files).toEqual([]);
  });

  test.each([
    ['a syntax error', 'version: 0.0\nos: [linux', /^appspec\.yml:\d+:\d+: /],
    ['a list instead of a mapping', '- a', /^appspec\.yml:1:1: the AppSpec file must be a YAML mapping/],
    ['another version', 'version: 1.0\nos: linux', /^appspec\.yml:1:10: an invalid version value \(1\).*"0\.0"/],
    ['another system', 'version: 0.0\nos: windows', /^appspec\.yml:2:5: .*unsupported operating system \(windows\)/],
    ['an unknown key', spec('file: []'), /^appspec\.yml:3:1: unknown key "file" in the AppSpec\. Accepted: version, os, files/],
    ['an unknown event', spec('hooks:\n  AfterStart: []'), /^appspec\.yml:4:3: hooks\.AfterStart is not a lifecycle event.*ApplicationStart/],
    ['an event that the agent performs itself', spec('hooks:\n  Install: []'), /hooks\.Install is not a lifecycle event that runs scripts/],
    ['a script without location', spec('hooks:\n  AfterInstall:\n    - timeout: 3'), /^appspec\.yml:5:7: hooks\.AfterInstall\[0\] has no location value/],
    ['a timeout that is no number', spec('hooks:\n  AfterInstall:\n    - location: a\n      timeout: soon'), /^appspec\.yml:6:16: .*whole number of seconds from 1 to 3600, not "soon"/],
    ['timeouts beyond an hour in all', spec('hooks:\n  AfterInstall:\n    - {location: a, timeout: 3000}\n    - {location: b, timeout: 601}'), /add up to 3601 seconds/],
    ['a script outside the bundle', spec('hooks:\n  AfterInstall:\n    - location: ../a'), /must stay inside the bundle/],
    ['acls', spec('permissions:\n  - object: /a\n    acls:\n      mode: [u:x:rwx]'), /permissions\[0\]\.acls is not supported by Slipway yet/],
    ['context', spec('permissions:\n  - object: /a\n    context:\n      type: t'), /permissions\[0\]\.context is not supported by Slipway yet/],
    ['a mode that is not octal', spec('permissions:\n  - object: /a\n    mode: 9'), /mode must be octal digits/],
    ['a relative destination', spec('files:\n  - source: a\n    destination: b'), /^appspec\.yml:5:18: files\[0\]\.destination must be an absolute path, not "b"/],
    ['a source outside the bundle', spec('files:\n  - source: ../a\n    destination: /b'), /files\[0\]\.source must stay inside the bundle/],
    ['an unknown behaviour', spec('file_exists_behavior: MAYBE'), /file_exists_behavior must be one of DISALLOW, OVERWRITE, RETAIN, not "MAYBE"/],
    ['a key twice', spec('os: linux'), /^appspec\.yml:3:1: Map keys must be unique/],
  ])('refuses %s with its place', (_what, text, message) => {
    expect(refused(text)).toMatch(message);
  });
});
