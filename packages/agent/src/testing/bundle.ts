import { pack } from 'tar-stream';
import { gzipSync } from 'node:zlib';

export interface TestFile {
  readonly name: string;
  readonly content?: string;
  readonly mode?: number;
  readonly linkTo?: string;
}

/** A tar archive of these files, as they are: names are not checked. */
export async function tarOf(files: readonly TestFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, content = '', mode = 0o644, linkTo } of files) {
    if (linkTo === undefined) archive.entry({ name, mode }, content);
    else archive.entry({ name, type: 'symlink', linkname: linkTo });
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

export const tgzOf = async (files: readonly TestFile[]): Promise<Buffer> => gzipSync(await tarOf(files));

/** A revision with an AppSpec and scripts; scripts are executable. */
export function revision(appSpec: string, scripts: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}): readonly TestFile[] {
  return [
    { name: 'appspec.yml', content: appSpec },
    ...Object.entries(scripts).map(([name, content]) => ({ name, content, mode: 0o755 })),
    ...Object.entries(files).map(([name, content]) => ({ name, content })),
  ];
}
