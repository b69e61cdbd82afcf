import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/**
 * The bytes of a blob's file: a header that holds the blob's own data key, wrapped by the master key, then frames of
 * 64 KiB, each sealed by AES-256-GCM. A frame's nonce is its number and whether it is the last, so that frames cannot be
 * moved, dropped or cut off unnoticed, and any range is read by its frames alone. A blob has at least one frame, which
 * may be empty.
 *
 *     "SLB1" | key id 8 | nonce 12 | wrapped key 32 | tag 16 | frame | frame | …        frame: ciphertext ≤ 65536 | tag 16
 */
export const FRAME_BYTES = 65_536;
const TAG_BYTES = 16;
export const SEALED_FRAME_BYTES = FRAME_BYTES + TAG_BYTES;
const MAGIC = Buffer.from('SLB1');
const KEY_ID_BYTES = 8;
const NONCE_BYTES = 12;
const KEY_BYTES = 32;
export const HEADER_BYTES = MAGIC.length + KEY_ID_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/** A blob's file is not what was written: damaged, cut off, another blob's, or sealed by another master key. */
export class DamagedBlob extends Error {
  override readonly name = 'DamagedBlob';
}

function keyId(masterKey: Buffer): Buffer {
  return createHash('sha256').update('slipway blob master key').update(masterKey).digest().subarray(0, KEY_ID_BYTES);
}

/** A fresh data key and the header that carries it; bound to the blob's id. */
export function newHeader(id: string, masterKey: Buffer): { readonly header: Buffer; readonly dataKey: Buffer } {
  const dataKey = randomBytes(KEY_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', masterKey, nonce);
  cipher.setAAD(Buffer.from(`blob/${id}`));
  const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final()]);
  return { header: Buffer.concat([MAGIC, keyId(masterKey), nonce, wrapped, cipher.getAuthTag()]), dataKey };
}

/** The data key inside a header. */
export function openHeader(id: string, header: Buffer, masterKey: Buffer): Buffer {
  if (header.length !== HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) throw new DamagedBlob(`blob ${id} has no header`);
  let at = MAGIC.length;
  const take = (length: number): Buffer => header.subarray(at, (at += length));
  if (!take(KEY_ID_BYTES).equals(keyId(masterKey))) throw new DamagedBlob(`blob ${id} is sealed by another master key`);
  const decipher = createDecipheriv('aes-256-gcm', masterKey, take(NONCE_BYTES));
  decipher.setAAD(Buffer.from(`blob/${id}`));
  const wrapped = take(KEY_BYTES);
  decipher.setAuthTag(take(TAG_BYTES));
  return final(id, () => Buffer.concat([decipher.update(wrapped), decipher.final()]));
}

/** `last` is part of the nonce: a file that lost its end does not open. */
function frameNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce[7] = last ? 1 : 0;
  nonce.writeUInt32BE(index, 8);
  return nonce;
}

/** Ciphertext and tag of one frame. Each data key seals one blob, so a nonce never repeats under it. */
export function sealFrame(dataKey: Buffer, index: number, last: boolean, plain: readonly Uint8Array[]): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', dataKey, frameNonce(index, last));
  const sealed = plain.map((piece) => cipher.update(piece));
  sealed.push(cipher.final(), cipher.getAuthTag());
  return sealed.filter((piece) => piece.length > 0);
}

export function openFrame(id: string, dataKey: Buffer, index: number, last: boolean, sealed: Buffer): Buffer {
  if (sealed.length < TAG_BYTES) throw new DamagedBlob(`blob ${id} is cut off`);
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', dataKey, frameNonce(index, last));
  decipher.setAuthTag(sealed.subarray(end));
  return final(id, () => {
    const plain = decipher.update(sealed.subarray(0, end));
    decipher.final();
    return plain;
  });
}

function final(id: string, open: () => Buffer): Buffer {
  try {
    return open();
  } catch (cause) {
    throw new DamagedBlob(`blob ${id} does not open: its bytes were changed`, { cause });
  }
}

/** Plain size and number of frames of a file of `fileBytes`. */
export function measure(id: string, fileBytes: number): { readonly size: number; readonly frames: number } {
  const body = fileBytes - HEADER_BYTES;
  const frames = Math.ceil(body / SEALED_FRAME_BYTES);
  const size = body - frames * TAG_BYTES;
  if (body < TAG_BYTES || size < (frames - 1) * FRAME_BYTES) throw new DamagedBlob(`blob ${id} is cut off`);
  return { size, frames };
}
