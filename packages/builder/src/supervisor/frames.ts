import { crc32 } from 'node:zlib';
import type { BuildExit, CollectedArtifact, ExportedVariable } from '../build.ts';
import type { LogLine } from '../phases/lines.ts';
import type { PhaseContext, PhaseName, PhaseStatus } from '../phases/phases.ts';
import type { UsageInterval } from '../runners/usage/meter.ts';

/** What a build's spool holds, in the order in which it happened. `exit` is the last. */
export type Frame =
  | { readonly type: 'log'; readonly first: number; readonly lines: readonly LogLine[] }
  | { readonly type: 'phase-started'; readonly phase: PhaseName; readonly time: number }
  | { readonly type: 'phase-ended'; readonly phase: PhaseName; readonly status: PhaseStatus; readonly contexts: readonly PhaseContext[]; readonly time: number }
  | { readonly type: 'exported'; readonly variables: readonly ExportedVariable[] }
  | ({ readonly type: 'artifact' } & CollectedArtifact)
  | ({ readonly type: 'usage' } & UsageInterval)
  | ({ readonly type: 'exit' } & BuildExit);

const HEADER_BYTES = 8;
/** A longer frame is no frame of ours: an artifact's manifest of a million files stays below. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024;

/** Length and CRC-32 of the payload, both little-endian, then the payload: JSON in UTF-8. */
export function encodeFrame(frame: Frame): Buffer {
  const payload = Buffer.from(JSON.stringify(frame));
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt32LE(crc32(payload), 4);
  payload.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** The spool is damaged: not torn at its end, which only means that more is to come, but wrong in the middle. */
export class SpoolDamaged extends Error {
  override readonly name = 'SpoolDamaged';
}

/** The first frame of these bytes; `need` tells how many bytes it takes when they are too few. */
export function decodeFrame(bytes: Buffer): { frame: Frame; length: number } | { need: number } {
  if (bytes.length < HEADER_BYTES) return { need: HEADER_BYTES };
  const size = bytes.readUInt32LE(0);
  if (size > MAX_FRAME_BYTES) throw new SpoolDamaged(`The spool announces a frame of ${size} bytes`);
  if (bytes.length < HEADER_BYTES + size) return { need: HEADER_BYTES + size };
  const payload = bytes.subarray(HEADER_BYTES, HEADER_BYTES + size);
  if (crc32(payload) !== bytes.readUInt32LE(4)) throw new SpoolDamaged('A frame of the spool does not match its checksum');
  return { frame: JSON.parse(payload.toString('utf8')) as Frame, length: HEADER_BYTES + size };
}
