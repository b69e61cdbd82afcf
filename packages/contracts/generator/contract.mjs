import { fractions } from './fractions.mjs';
import { shapeCollector } from './shapes.mjs';

/** One service's contract (`src/contract.ts`), from what `readSdk` gave. */
export function buildContract({ room, protocols, openEnums = false, overlay = {} }, sdk) {
  const { shapes, add } = shapeCollector(openEnums ? { ...sdk, enums: {} } : sdk, fractions[room]);
  const json = protocols.some((protocol) => protocol.startsWith('awsJson'));

  const errors = {};
  for (const schema of sdk.errors) errors[schema[2]] = errorShape(schema, add);

  const operations = {};
  for (const [, , name, traits, input, output] of sdk.operations) {
    const shape = { input: add(input()), output: add(output()), errors: sdk.errorsOf(name).filter((error) => errors[error]) };
    if (traits.http && protocols.some((protocol) => protocol.startsWith('rest'))) {
      shape.http = httpShape(traits.http, shapes[shape.input], room);
    }
    operations[name] = shape;
  }

  checkFractions(fractions[room], shapes);

  return {
    service: room,
    serviceId: sdk.serviceId,
    apiVersion: sdk.apiVersion,
    signingName: sdk.signingName,
    protocols,
    ...(json && { targetPrefix: sdk.targetPrefix }),
    ...(sdk.xmlNamespace && { xmlNamespace: sdk.xmlNamespace }),
    ...overlay,
    operations: sorted(operations),
    shapes: sorted(shapes),
    errors: sorted(errors),
  };
}

/** A fraction that is no member any more would turn into an integer unnoticed. */
function checkFractions(structures = {}, shapes) {
  for (const [name, members] of Object.entries(structures)) {
    for (const member of members) {
      let shape = shapes[shapes[name]?.members[member]?.shape];
      if (shape?.type === 'list') shape = shapes[shape.member.shape];
      else if (shape?.type === 'map') shape = shapes[shape.value.shape];
      if (shape?.type !== 'double') throw new Error(`fractions.mjs names ${name}.${member}, which is no number`);
    }
  }
}

function errorShape(schema, add) {
  const traits = schema[3] || {};
  const fault = traits.error ?? 'client';
  const [code, queryStatus] = traits.awsQueryError ?? [];
  return {
    status: queryStatus ?? traits.httpError ?? (fault === 'server' ? 500 : 400),
    ...(code && code !== schema[2] && { code }),
    fault,
    shape: add(schema),
  };
}

/** The SDK moves S3's bucket from the path to the host and marks operations with `x-id`; AWS's own URI has neither. */
function httpShape([method, sdkUri, status], input, room) {
  let uri = sdkUri.replace(/([?&])x-id=\w+/, (_, mark) => (mark === '?' ? '?' : '')).replace(/\?$/, '').replace('?&', '?');
  if (room === 's3' && input.members.Bucket?.http?.in === 'label') uri = `/{Bucket}${uri.replace(/^\/(?=$|\?)/, '')}`;
  for (const [, label] of uri.matchAll(/\{(\w+)\+\}/g)) input.members[label].http = { in: 'greedyLabel' };
  return { method, uri, status };
}

function sorted(record) {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
