import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import { CHECKSUM_ALGORITHMS, checksum } from '../../kernel/checksums.ts';
import type { ChecksumAlgorithm } from '../../kernel/checksums.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Route } from '../face.ts';
import { ChunkedDecoder } from './chunked.ts';
import type { ChunkSigning } from './chunked.ts';

/** A property of the whole body, known at its end. */
interface Expectation {
  update(bytes: Uint8Array): void;
  /** Throws when the body was not as stated. */
  end(): void;
}

/** S3's body, unwrapped, failing at its end when it is not what the request's hash, checksums or chunk signatures say. */
export function checkedPayload(route: Route, payloadHash: string, signing: ChunkSigning): Readable {
  const { headers, body } = route.request;
  const decoder = chunkedDecoder(payloadHash, headers['x-amz-decoded-content-length'], signing);
  const expectations = [...hashExpectation(payloadHash), ...headerExpectations(route), ...trailerExpectations(headers['x-amz-trailer'], decoder)];
  if (!decoder && expectations.length === 0) return body;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const expectation of expectations) expectation.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      try {
        for (const expectation of expectations) expectation.end();
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  // A short body fails before anyone reads it; whoever reads it then is told. Without a listener it would end the process.
  check.on('error', () => {});
  connect(decoder ? connect(body, decoder) : body, check);
  return check;
}

/**
 * Pipes, and carries failures downstream only. `stream.pipeline` would also destroy the request, and with it the socket
 * over which the refusal is still to be sent.
 */
function connect<T extends Transform>(from: Readable, to: T): T {
  from.on('error', (error) => to.destroy(error));
  from.on('close', () => {
    if (!from.readableEnded && !to.destroyed) to.destroy(new ServiceError('IncompleteBody', 'The request body terminated unexpectedly', { status: 400 }));
  });
  return from.pipe(to);
}

function chunkedDecoder(payloadHash: string, decodedLength: string | undefined, signing: ChunkSigning): ChunkedDecoder | undefined {
  if (!payloadHash.startsWith('STREAMING-')) return undefined;
  const form = /^STREAMING-(AWS4-HMAC-SHA256|UNSIGNED)-PAYLOAD(-TRAILER)?$/.exec(payloadHash);
  if (!form || (form[1] === 'UNSIGNED' && !form[2])) throw notSupported(`x-amz-content-sha256: ${payloadHash}`);
  const expectedSize = Number(decodedLength);
  if (decodedLength === undefined || !Number.isSafeInteger(expectedSize) || expectedSize < 0) {
    throw new ServiceError('MissingContentLength', 'You must provide the Content-Length HTTP header.', { status: 411 });
  }
  return new ChunkedDecoder({ ...(form[1] !== 'UNSIGNED' && { signing }), expectedSize, trailers: form[2] !== undefined });
}

function hashExpectation(payloadHash: string): Expectation[] {
  if (payloadHash.startsWith('STREAMING-') || payloadHash === 'UNSIGNED-PAYLOAD') return [];
  const hash = createHash('sha256');
  return [{
    update: (bytes) => void hash.update(bytes),
    end() {
      if (hash.digest('hex') === payloadHash) return;
      throw new ServiceError('XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.", { status: 400 });
    },
  }];
}

function headerExpectations(route: Route): Expectation[] {
  // There the header speaks of the object that comes about, not of the request's body.
  if (route.operation === 'CompleteMultipartUpload') return [];
  const { headers } = route.request;
  const stated = CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const value = headers[`x-amz-checksum-${algorithm.toLowerCase()}`];
    return value === undefined ? [] : [expectation(algorithm, () => value)];
  });
  const md5 = headers['content-md5'];
  if (md5 !== undefined) stated.push(expectation('MD5', () => md5));
  return stated;
}

function trailerExpectations(names: string | undefined, decoder: ChunkedDecoder | undefined): Expectation[] {
  if (!names || !decoder) return [];
  return names.split(',').map((name) => name.trim().toLowerCase()).filter(Boolean).map((name) => {
    const algorithm = CHECKSUM_ALGORITHMS.find((each) => name === `x-amz-checksum-${each.toLowerCase()}`);
    if (!algorithm) throw notSupported(`The trailer '${name}'`);
    return expectation(algorithm, () => decoder.trailers.get(name));
  });
}

function expectation(algorithm: ChecksumAlgorithm | 'MD5', stated: () => string | undefined): Expectation {
  const sum = checksum(algorithm);
  return {
    update: (bytes) => sum.update(bytes),
    end() {
      if (sum.digest().toString('base64') === stated()) return;
      const what = algorithm === 'MD5' ? 'Content-MD5' : algorithm;
      throw new ServiceError('BadDigest', `The ${what} you specified did not match the calculated checksum.`, { status: 400 });
    },
  };
}

function notSupported(what: string): ServiceError {
  return new ServiceError('NotImplemented', `${what} is not supported by Slipway yet.`, { status: 501 });
}
