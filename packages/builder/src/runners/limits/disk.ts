import { statfs } from 'node:fs/promises';
import { CannotOpen } from '../runner.ts';
import type { Limits } from './compute.ts';

/** What a file system has left, and what of it builds must leave to others: the server's own data may lie there. */
export interface Room {
  readonly bytes: number;
  readonly inodes: number;
  readonly reserve: { readonly bytes: number; readonly inodes: number };
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** A twentieth of the disk, but neither too little for a database nor more than any needs between two looks. */
const RESERVE = { share: 0.05, leastBytes: 64 * MIB, mostBytes: 4 * GIB, mostInodes: 100_000 };

/**
 * A build that uses much is ended while so large a part of its use is still free above the reserve. That way the largest
 * of several builds is ended first, and what it used is there for the others, although their supervisors know nothing of each other.
 */
export const MARGIN = 1 / 8;

/** Less is no build. */
const LEAST = { bytes: MIB, inodes: 64 };

export async function roomAt(path: string): Promise<Room> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  const bytes = Math.min(Math.max(blocks * bsize * RESERVE.share, RESERVE.leastBytes), RESERVE.mostBytes);
  // Some file systems (btrfs) make inodes as they are needed and count none.
  return { bytes: bavail * bsize, inodes: files === 0 ? Infinity : ffree, reserve: { bytes, inodes: files === 0 ? 0 : Math.min(files * RESERVE.share, RESERVE.mostInodes) } };
}

/** The limits of a build's disk as far as the machine goes, and in words where it is smaller than they are. */
export interface DiskRoom {
  readonly limits: Required<Pick<Limits, 'diskBytes' | 'inodes' | 'fileBytes'>>;
  readonly notices: readonly string[];
}

/** @throws CannotOpen where there is no room for any build */
export async function diskRoom(folder: string, wanted: Limits): Promise<DiskRoom> {
  return withinRoom(await roomAt(folder), wanted);
}

export function withinRoom({ bytes, inodes, reserve }: Room, { diskBytes = Infinity, inodes: files = Infinity }: Limits): DiskRoom {
  const most = { bytes: Math.floor((bytes - reserve.bytes) / (1 + MARGIN)), inodes: Math.floor((inodes - reserve.inodes) / (1 + MARGIN)) };
  if (most.bytes < LEAST.bytes) throw new CannotOpen(`There is no room for a build on this machine's disk: ${sizeOf(bytes)} are left, and ${sizeOf(reserve.bytes)} stay free for others`, 'INTERNAL_SERVICE_ERROR');
  if (most.inodes < LEAST.inodes) throw new CannotOpen(`There is no room for a build on this machine's disk: ${countOf(inodes)} files can be made, and ${countOf(reserve.inodes)} are left to others`, 'INTERNAL_SERVICE_ERROR');
  return {
    limits: { diskBytes: Math.min(diskBytes, most.bytes), inodes: Math.min(files, most.inodes), fileBytes: most.bytes },
    notices: [
      ...(diskBytes !== Infinity && diskBytes > most.bytes ? [`This machine's disk has room for ${sizeOf(most.bytes)}, less than the ${sizeOf(diskBytes)} that the build may use`] : []),
      ...(files !== Infinity && files > most.inodes ? [`This machine's disk has room for ${countOf(most.inodes)} files, fewer than the ${countOf(files)} that the build may have`] : []),
    ],
  };
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** `64 GB`, `1.5 GB`, `50 MB`; never more than there is. */
export function sizeOf(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const number = bytes / 1024 ** power;
  return `${number < 10 ? Math.floor(number * 10) / 10 : Math.floor(number)} ${UNITS[power]}`;
}

export const countOf = (count: number): string => Math.floor(count).toLocaleString('en-US');
