import { NO_OBJECT, isObjectId } from './names.ts';

/** One line of git's wire framing: four hex digits of length, then the payload. */
export function packetLine(payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

export const FLUSH = Buffer.from('0000');

/** What a pusher wants of one reference. A creation's `old` and a deletion's `new` are forty zeros. */
export interface RefCommand {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
}

export interface PushHead {
  readonly commands: readonly RefCommand[];
  readonly capabilities: ReadonlySet<string>;
  /** The bytes read so far, commands and whatever came behind them, to be handed on as they are. */
  readonly bytes: Buffer;
}

/** A push that does not keep to git's protocol, or passes a limit; the message is for the pusher. */
export class MalformedPush extends Error {
  override readonly name = 'MalformedPush';
}

/** A command's longest line: two ids, a name of 1,024 bytes and the capabilities. */
const LONGEST_LINE = 4_096;
/** More than any push of an accepted number of references needs. */
const MOST_BYTES = 8 * 1_024 * 1_024;

/**
 * Reads the command lines that stand ahead of the pack, up to the flush, and no further than the chunk that holds it.
 * Answers no commands for a probe (a lone flush).
 */
export async function readPushHead(body: AsyncIterator<Uint8Array>): Promise<PushHead> {
  const commands: RefCommand[] = [];
  let capabilities: ReadonlySet<string> = new Set();
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;

  for (;;) {
    const line = lineAt(bytes, at);
    if (line === undefined) {
      const next = await body.next();
      if (next.done) throw new MalformedPush('the push ended in the middle of its commands');
      bytes = Buffer.concat([bytes, next.value]);
      if (at > MOST_BYTES) throw new MalformedPush('the push has too many commands');
      continue;
    }
    at += line.length;
    if (line.payload === undefined) return { commands, capabilities, bytes };
    const text = line.payload.toString('utf8').replace(/\n$/, '');
    if (text.startsWith('shallow ')) continue;
    if (text.startsWith('push-cert')) throw new MalformedPush('signed pushes are not supported');
    const [command, wanted] = splitOnce(text, '\0');
    if (wanted !== undefined) capabilities = new Set(wanted.split(' ').filter(Boolean));
    commands.push(parseCommand(command));
  }
}

/** The line that begins at `at`; undefined while it has not arrived. A flush has no payload. */
function lineAt(bytes: Buffer, at: number): { length: number; payload?: Buffer } | undefined {
  if (bytes.length < at + 4) return undefined;
  const digits = bytes.toString('latin1', at, at + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new MalformedPush('the push is not in git\'s packet format');
  const length = Number.parseInt(digits, 16);
  if (length === 0) return { length: 4 };
  if (length < 5 || length > LONGEST_LINE) throw new MalformedPush('the push has a command of an impossible length');
  return bytes.length < at + length ? undefined : { length, payload: bytes.subarray(at + 4, at + length) };
}

function parseCommand(text: string): RefCommand {
  const [old = '', rest = ''] = splitOnce(text, ' ');
  const [next = '', ref = ''] = splitOnce(rest, ' ');
  if (!isObjectId(old) || !isObjectId(next) || ref === '') throw new MalformedPush('the push has a command that is not of the form old new reference');
  if (old === NO_OBJECT && next === NO_OBJECT) throw new MalformedPush('the push deletes a reference that it says does not exist');
  return { ref, old, new: next };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/**
 * The answer of a push that is refused before git sees it: every reference is rejected with the reason, in the framing
 * that the pusher asked for, so that `git push` prints it per reference and fails.
 */
export function refusalReport(head: PushHead, reason: string): Buffer {
  const line = reason.replaceAll(/[\r\n]+/g, ' ');
  const report = Buffer.concat([
    packetLine('unpack ok\n'),
    ...head.commands.map(({ ref }) => packetLine(`ng ${ref} ${line.slice(0, 900)}\n`)),
    FLUSH,
  ]);
  if (!head.capabilities.has('side-band-64k')) return report;
  const banded: Buffer[] = [packetLine(Buffer.concat([Buffer.from([2]), Buffer.from(`${line}\n`)]))];
  for (let at = 0; at < report.length; at += 65_000) {
    banded.push(packetLine(Buffer.concat([Buffer.from([1]), report.subarray(at, at + 65_000)])));
  }
  return Buffer.concat([...banded, FLUSH]);
}

export const canReport = (head: PushHead): boolean => head.capabilities.has('report-status') || head.capabilities.has('report-status-v2');
