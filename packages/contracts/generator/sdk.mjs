import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Everything the generator reads from one installed SDK client. */
export function readSdk(room) {
  const manifest = manifestPath(room);
  const folder = dirname(manifest);
  const exports = require(folder);
  const { NormalizedSchema } = createRequire(manifest)('@smithy/core/schema');
  const read = (...path) => readFileSync(join(folder, ...path), 'utf8');

  const schemas = Object.entries(exports).filter(([name, value]) => name.endsWith('$') && Array.isArray(value)).map(([, value]) => value);
  const runtime = read('dist-es', 'runtimeConfig.shared.js');
  const auth = read('dist-es', 'auth', 'httpAuthSchemeProvider.js');
  const setting = (key) => new RegExp(`${key}: (?:config\\?\\.\\w+ \\?\\? )?"([^"]+)"`).exec(runtime)?.[1];

  const models = join(folder, 'dist-types', 'models');
  const declarations = readdirSync(models).filter((file) => /^(models_\d+|errors)\.d\.ts$/.test(file)).map((file) => read('dist-types', 'models', file));
  // A service without enums has no such file.
  const enumText = existsSync(join(models, 'enums.d.ts')) ? read('dist-types', 'models', 'enums.d.ts') : '';
  const enumNames = [...enumText.matchAll(/^export declare const (\w+): \{/gm)].map((found) => found[1]);

  return {
    NormalizedSchema,
    operations: schemas.filter((schema) => schema[0] === 9),
    // The base exception of each client has the SDK's own namespace.
    errors: schemas.filter((schema) => schema[0] === -3 && !schema[1].startsWith('smithy.ts.sdk')),
    serviceId: setting('serviceId'),
    apiVersion: setting('apiVersion'),
    targetPrefix: setting('serviceTarget'),
    xmlNamespace: setting('xmlNamespace'),
    signingName: /name: "([^"]+)"/.exec(auth)[1],
    enums: Object.fromEntries(enumNames.map((name) => [name, Object.values(exports[name])])),
    memberTypes: readMemberTypes(declarations),
    /** Names of the errors that the operation's documentation lists. */
    errorsOf(operation) {
      const text = read('dist-types', 'commands', `${operation}Command.d.ts`);
      return [...text.matchAll(/@throws \{@link (\w+)\} \((?:client|server) fault\)/g)].map((found) => found[1]);
    },
  };
}

/** What decides whether a service must be generated again. */
export function sdkVersion(room) {
  return JSON.parse(readFileSync(manifestPath(room), 'utf8')).version;
}

function manifestPath(room) {
  return require.resolve(`@aws-sdk/client-${room}/package.json`);
}

/** `{ StartBuildInput: { environmentVariablesOverride: 'EnvironmentVariable[]' } }`, from the declarations' interfaces and classes. */
function readMemberTypes(declarations) {
  const types = {};
  for (const text of declarations) {
    const plain = text.replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [, name, body] of plain.matchAll(/^export (?:interface|declare class) (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)) {
      const members = {};
      for (const [, member, type] of body.matchAll(/^ {4}(?:readonly )?(\w+)\??: ([^;]+);/gm)) members[member] = type.replace(/ \| undefined$/, '');
      types[name] = members;
    }
  }
  return types;
}
