/** Files of a repository: content by path. */
export type Files = Readonly<Record<string, string>>;

export interface SiteOptions {
  /** What the page says. */
  readonly page: string;
  /** The commands of the BUILD phase ahead of what makes the site. */
  readonly commands?: readonly string[];
  /** Of AfterInstall; `$SLIPWAY_HOST_NAME` tells the host. */
  readonly afterInstall?: string;
  readonly appspec?: string;
}

/** A small site that builds, deploys and serves itself with what every host has: `sh` and Node. */
export function siteFiles({ page, commands = [], afterInstall = 'echo prepared', appspec = APPSPEC }: SiteOptions): Files {
  return {
    'page.txt': `${page}\n`,
    'buildspec.yml': buildspec(commands),
    'appspec.yml': appspec,
    'serve.mjs': SERVER,
    'hooks/stop.sh': STOP,
    'hooks/after-install.sh': `#!/bin/sh\n${afterInstall}\n`,
    'hooks/start.sh': START,
    'hooks/check.sh': CHECK,
  };
}

/** What a host serves once this page, built from this commit, is deployed to it. */
export const servedPage = (page: string, commit: string): string => `${page} of ${commit}\n`;

// A variable that is set in one phase and not exported is there in the next.
const buildspec = (commands: readonly string[]): string => `version: 0.2
env:
  exported-variables:
    - SITE_REVISION
phases:
  pre_build:
    commands:
      - SITE_REVISION=$CODEBUILD_RESOLVED_SOURCE_VERSION
  build:
    commands:
${commands.map((command) => `      - ${JSON.stringify(command)}\n`).join('')}      - mkdir -p made/public
      - printf '%s of %s\\n' "$(cat page.txt)" "$SITE_REVISION" > made/public/index.html
      - cp -R appspec.yml serve.mjs hooks made/
artifacts:
  base-directory: made
  files:
    - '**/*'
`;

const APPSPEC = `version: 0.0
os: linux
files:
  - source: public
    destination: /srv/shop/public
  - source: serve.mjs
    destination: /srv/shop
hooks:
  ApplicationStop:
    - location: hooks/stop.sh
      timeout: 30
  AfterInstall:
    - location: hooks/after-install.sh
      timeout: 30
  ApplicationStart:
    - location: hooks/start.sh
      timeout: 30
  ValidateService:
    - location: hooks/check.sh
      timeout: 30
`;

const STOP = `#!/bin/sh
shop="$SLIPWAY_HOST_ROOT/srv/shop"
[ -f "$shop/pid" ] || exit 0
kill "$(cat "$shop/pid")" 2>/dev/null
while kill -0 "$(cat "$shop/pid")" 2>/dev/null; do sleep 0.05; done
rm -f "$shop/pid"
`;

const START = `#!/bin/sh
set -e
cd "$SLIPWAY_HOST_ROOT/srv/shop"
nohup node serve.mjs >/dev/null 2>&1 </dev/null &
echo $! >pid
`;

const CHECK = `#!/bin/sh
exec node -e '
  const until = Date.now() + 20000;
  const ask = () => fetch(process.argv[1]).then((answer) => process.exit(answer.ok ? 0 : 1), (error) => (Date.now() < until ? setTimeout(ask, 50) : (console.error(error), process.exit(1))));
  ask();
' "http://$SLIPWAY_HOST_ADDRESS:$SLIPWAY_HOST_PORT/"
`;

const SERVER = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
createServer((request, response) => response.end(readFileSync('public/index.html'))).listen(Number(process.env.SLIPWAY_HOST_PORT), process.env.SLIPWAY_HOST_ADDRESS);
`;
