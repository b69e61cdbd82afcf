/**
 * The shape of a generated contract: one AWS service's API, independent of any wire protocol.
 *
 * Values that a decoder hands to a handler, and that a handler hands to an encoder, are plain data:
 * timestamps are integer milliseconds UTC, blobs are `Uint8Array`, a streaming blob is a Node `Readable`,
 * `long` is a `number`, documents are plain JSON.
 */
export type Protocol = 'awsJson1.0' | 'awsJson1.1' | 'awsQuery' | 'ec2Query' | 'restJson1' | 'restXml' | 'rpcV2Cbor';

export interface Contract {
  /** The room's name, which is the SDK package's: `codebuild`, `cloudwatch-logs`. */
  readonly service: string;
  /** AWS's service id: `CodeBuild`, `CloudWatch Logs`. */
  readonly serviceId: string;
  readonly apiVersion: string;
  /** The service named in a SigV4 credential scope: `codebuild`, `logs`, `events`. */
  readonly signingName: string;
  /** Every protocol that some stock client speaks to this service, the SDK's own first. */
  readonly protocols: readonly Protocol[];
  /** The part of `X-Amz-Target` before the dot, for the JSON protocols. */
  readonly targetPrefix?: string;
  /** Other prefixes that some stock client sends for the same operations. */
  readonly targetPrefixAliases?: readonly string[];
  readonly xmlNamespace?: string;
  /** The error by which the service names one required parameter that is missing, where it has its own: SQS's `MissingParameter`. */
  readonly namesMissing?: string;
  /** The input member that awsQuery clients may leave to the URL that they post to: SQS's `QueueUrl`. */
  readonly urlMember?: string;
  readonly operations: Readonly<Record<string, OperationShape>>;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** By error name as handlers throw it. */
  readonly errors: Readonly<Record<string, ErrorShape>>;
}

export interface OperationShape {
  /** Names of structures in `shapes`; absent when the operation takes or gives nothing. */
  readonly input?: string;
  readonly output?: string;
  readonly errors: readonly string[];
  readonly http?: { readonly method: string; readonly uri: string; readonly status: number };
}

export interface ErrorShape {
  readonly status: number;
  /** The code on the wire where it differs from the name (awsQueryError): `NoSuchEntity`. */
  readonly code?: string;
  readonly fault: 'client' | 'server';
  /** The structure with the error's members. */
  readonly shape?: string;
}

export type Shape =
  | { readonly type: 'string'; readonly enum?: readonly string[]; readonly sensitive?: true; readonly mediaType?: string }
  // The SDK's schemas do not tell number types apart: generated contracts say `double` where generator/fractions.mjs does, else `long`.
  | { readonly type: 'integer' | 'long' | 'double' | 'boolean' | 'document' | 'bigDecimal' }
  | { readonly type: 'timestamp'; readonly format?: 'date-time' | 'http-date' | 'epoch-seconds' }
  | { readonly type: 'blob'; readonly streaming?: true }
  | { readonly type: 'list'; readonly member: MemberShape; readonly sparse?: true }
  | { readonly type: 'map'; readonly key: MemberShape; readonly value: MemberShape; readonly sparse?: true }
  | {
      readonly type: 'structure';
      readonly members: Readonly<Record<string, MemberShape>>;
      readonly required: readonly string[];
      /** The element's name where the structure is the root of an XML document: `ListAllMyBucketsResult`. */
      readonly xmlName?: string;
    }
  | { readonly type: 'union'; readonly members: Readonly<Record<string, MemberShape>>; readonly eventStream?: true };

/** A use of a shape, with the traits that belong to the place of use. */
export interface MemberShape {
  /** A name in `shapes`. */
  readonly shape: string;
  readonly http?:
    | { readonly in: 'label' | 'greedyLabel' | 'payload' | 'status' | 'queryParams' | 'hostLabel' }
    | { readonly in: 'header' | 'prefixHeaders' | 'query'; readonly name: string };
  readonly jsonName?: string;
  readonly xmlName?: string;
  readonly xmlAttribute?: true;
  readonly xmlFlattened?: true;
  readonly xmlNamespace?: readonly [prefix: string, uri: string] | string;
  readonly timestampFormat?: 'date-time' | 'http-date' | 'epoch-seconds';
  readonly idempotencyToken?: true;
}

/** What a generated `<Service>Api` type maps each operation's name to. */
export interface OperationTypes {
  input: unknown;
  output: unknown;
  /** Names of the errors that the operation may throw. */
  errors: string;
}
