import { ZipFile } from 'yazl';

/** A zip of these files; those that end in `.sh` are executable. */
export async function zipOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name, { mode: name.endsWith('.sh') ? 0o100755 : 0o100644 });
  return endOf(zip);
}

/** An entry's name replaced by one as long, which no careful tool would write. */
export async function zipWithName(files: Readonly<Record<string, string>>, name: string, hostile: string): Promise<Buffer> {
  return Buffer.from((await zipOf(files)).toString('latin1').replaceAll(name, hostile), 'latin1');
}

/** With a symbolic link beside the files. */
export async function zipWithLink(files: Readonly<Record<string, string>>, name: string, target: string): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [file, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), file);
  zip.addBuffer(Buffer.from(target), name, { mode: 0o120777 });
  return endOf(zip);
}

async function endOf(zip: ZipFile): Promise<Buffer> {
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

const HOOKS = ['ApplicationStop', 'BeforeInstall', 'AfterInstall', 'ApplicationStart', 'ValidateService'];

/** A revision whose hooks all run `run.sh`; `index.html` goes to /srv/site. */
export function revisionOf(script: string, hooks: readonly string[] = HOOKS, page = 'page'): Record<string, string> {
  return {
    'appspec.yml': `version: 0.0\nos: linux\nfiles:\n  - source: index.html\n    destination: /srv/site\nfile_exists_behavior: OVERWRITE\nhooks:\n${hooks.map((hook) => `  ${hook}:\n    - location: run.sh\n`).join('')}`,
    'index.html': page,
    'run.sh': `#!/bin/sh\n${script}\n`,
  };
}
