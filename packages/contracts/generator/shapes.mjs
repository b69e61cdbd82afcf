/**
 * Turns SDK schemas into the shapes of a contract. The SDK's schemas do not know enums, so the declared TypeScript type
 * of each member is walked along with its schema, down to the name of the enum. Nor do they tell number types apart:
 * `fractions` says which members of which structures are fractional, and the other numbers are integers.
 */
export function shapeCollector({ NormalizedSchema, enums, memberTypes }, fractions = {}) {
  const shapes = {};

  /** The use of a schema as a member, with its traits. `declared` is the TypeScript type beside it; `fraction`: numbers in it may be fractional. */
  function member(schema, declared, fraction) {
    const traits = schema.getMergedTraits();
    return {
      shape: shapeName(schema, declared, fraction),
      ...httpBinding(schema, traits),
      ...(traits.jsonName && { jsonName: traits.jsonName }),
      ...(traits.xmlName && !onlyOwn(schema, 'xmlName') && { xmlName: traits.xmlName }),
      ...(traits.xmlAttribute && { xmlAttribute: true }),
      ...(traits.xmlFlattened && { xmlFlattened: true }),
      ...(traits.xmlNamespace && { xmlNamespace: namespaceOf(traits.xmlNamespace) }),
      ...timestampFormat(schema),
      ...(traits.idempotencyToken && { idempotencyToken: true }),
    };
  }

  function shapeName(schema, declared, fraction) {
    if (schema.isUnitSchema()) return structure('Unit', schema);
    if (schema.isStructSchema()) return structure(schema.getName(), schema);
    if (schema.isListSchema()) return list(schema, declared, fraction);
    if (schema.isMapSchema()) return map(schema, declared, fraction);
    return scalar(schema, declared, fraction);
  }

  function scalar(schema, declared, fraction) {
    const traits = schema.getMergedTraits();
    if (schema.isStringSchema()) {
      const sensitive = traits.sensitive ? { sensitive: true } : {};
      const values = declared && enums[declared];
      if (values) return put(declared, { type: 'string', enum: values, ...sensitive });
      const media = traits.mediaType ? { mediaType: traits.mediaType } : {};
      return put(`${traits.sensitive ? 'Sensitive' : ''}${traits.mediaType ? 'Media' : ''}String`, { type: 'string', ...sensitive, ...media });
    }
    if (schema.isBooleanSchema()) return put('Boolean', { type: 'boolean' });
    if (schema.isNumericSchema()) return fraction ? put('Double', { type: 'double' }) : put('Integer', { type: 'long' });
    if (schema.isTimestampSchema()) return put('Timestamp', { type: 'timestamp' });
    if (schema.isBlobSchema()) return schema.isStreaming() ? put('StreamingBlob', { type: 'blob', streaming: true }) : put('Blob', { type: 'blob' });
    if (schema.isDocumentSchema()) return put('Document', { type: 'document' });
    if (schema.isBigIntegerSchema()) return put('BigInteger', { type: 'long' });
    if (schema.isBigDecimalSchema()) return put('BigDecimal', { type: 'bigDecimal' });
    throw new Error(`No shape for schema ${schema.getName(true)} (${JSON.stringify(schema.getSchema())})`);
  }

  function list(schema, declared, fraction) {
    const element = declared?.endsWith('[]') ? declared.slice(0, -2).replace(/^\((.*)\)$/, '$1') : undefined;
    const inner = member(schema.getValueSchema(), element, fraction);
    return put(ownName(schema) ?? `ListOf${inner.shape}`, { type: 'list', member: inner, ...sparse(schema) });
  }

  function map(schema, declared, fraction) {
    const [, key, value] = /^(?:Partial<)?Record<(\w+), (.+?)>>?$/.exec(declared ?? '') ?? [];
    const keyMember = member(schema.getKeySchema(), key);
    const valueMember = member(schema.getValueSchema(), value, fraction);
    const plain = keyMember.shape === 'String' ? `MapOf${valueMember.shape}` : `MapOf${keyMember.shape}To${valueMember.shape}`;
    return put(ownName(schema) ?? plain, { type: 'map', key: keyMember, value: valueMember, ...sparse(schema) });
  }

  function structure(name, schema) {
    if (shapes[name]) return name;
    const members = {};
    const own = schema.isUnitSchema() ? {} : schema.getOwnTraits();
    const shape = schema.isUnitSchema() || !schema.isUnionSchema()
      ? { type: 'structure', members, required: [], ...(own.xmlName && { xmlName: own.xmlName }) }
      : { type: 'union', members, ...(own.streaming && { eventStream: true }) };
    // Entered before its members are walked, because structures may contain themselves.
    shapes[name] = shape;
    if (schema.isUnitSchema()) return name;
    const declared = memberTypes[name] ?? memberTypes[`_${name}`] ?? {};
    for (const [memberName, memberSchema] of schema.structIterator()) members[memberName] = member(memberSchema, declared[memberName], fractions[name]?.includes(memberName));
    if (shape.type === 'structure') shape.required = Object.keys(members).slice(0, schema.getSchema()[6] ?? 0);
    return name;
  }

  /** Enters a shape under its name, or under a numbered one when another shape has taken it. */
  function put(name, shape) {
    const text = JSON.stringify(shape);
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? name : `${name}${n}`;
      if (shapes[candidate] === undefined) {
        shapes[candidate] = shape;
        return candidate;
      }
      if (JSON.stringify(shapes[candidate]) === text) return candidate;
    }
  }

  return { shapes, add: (ref) => shapeName(NormalizedSchema.of(ref)) };
}

function ownName(schema) {
  const raw = schema.getSchema();
  return Array.isArray(raw) ? raw[2] : undefined;
}

function onlyOwn(schema, trait) {
  return schema.isStructSchema() && schema.getMemberTraits()[trait] === undefined;
}

function sparse(schema) {
  return schema.getMergedTraits().sparse ? { sparse: true } : {};
}

function timestampFormat(schema) {
  const format = { 5: 'date-time', 6: 'http-date', 7: 'epoch-seconds' }[schema.isTimestampSchema() ? schema.getSchema() : 0];
  return format ? { timestampFormat: format } : {};
}

function namespaceOf(trait) {
  return Array.isArray(trait) && trait.length === 1 ? trait[0] : trait;
}

function httpBinding(schema, traits) {
  if (traits.httpHeader) return { http: { in: 'header', name: traits.httpHeader.toLowerCase() } };
  if (traits.httpPrefixHeaders !== undefined) return { http: { in: 'prefixHeaders', name: traits.httpPrefixHeaders.toLowerCase() } };
  if (traits.httpQuery) return { http: { in: 'query', name: traits.httpQuery } };
  if (traits.httpQueryParams) return { http: { in: 'queryParams' } };
  if (traits.httpPayload || schema.isBlobSchema() && schema.isStreaming()) return { http: { in: 'payload' } };
  if (traits.httpResponseCode) return { http: { in: 'status' } };
  if (traits.hostLabel && !traits.httpLabel) return { http: { in: 'hostLabel' } };
  if (traits.httpLabel) return { http: { in: 'label' } };
  return {};
}
