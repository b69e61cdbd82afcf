import { join, posix } from 'node:path';
import { ArtifactError, collectArtifact } from './artifacts/collect.ts';
import type { BuildSink, BuildSpec } from './build-spec.ts';
import type { ArtifactSpec, Buildspec } from './buildspec/types.ts';
import type { LineWriter } from './phases/lines.ts';
import type { PhaseStatus } from './phases/phases.ts';
import { isInPlace } from './runners/in-place.ts';
import { outputFolder } from './runners/layout.ts';
import type { Session } from './runners/runner.ts';
import { SessionLost } from './runners/runner.ts';

/** An artifact as the buildspec declares it, with the shell's expansions done in its name and its paths. */
export interface Declared {
  /** Null for the primary one. */
  readonly identifier: string | null;
  readonly artifact: ArtifactSpec;
}

/** What only the build's shell can tell: exported variables, and the names and paths of artifacts. */
export async function readOut(spec: BuildSpec, session: Session, at: { sink: BuildSink; lines: LineWriter; source: string }, status: PhaseStatus): Promise<Declared[]> {
  if (status === 'STOPPED') return [];
  try {
    await session.become(undefined);
    await readExported(spec, session, at);
    const expanded: Declared[] = [];
    for (const [identifier, artifact] of declared(spec.buildspec)) expanded.push({ identifier, artifact: await expandPaths(session, artifact, at.source) });
    return expanded;
  } catch (error) {
    // Killed from outside after the last phase, or stopped: what was not read stays unset, the phases have told the rest.
    if (!(error instanceof SessionLost)) throw error;
    return [];
  }
}

/** https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html: parameters, secrets and `AWS_…` cannot be exported. */
async function readExported(spec: BuildSpec, session: Session, { sink, lines }: { sink: BuildSink; lines: LineWriter }): Promise<void> {
  const { exportedVariables, parameterStore, secretsManager } = spec.buildspec;
  const secret = new Set([...Object.keys(parameterStore), ...Object.keys(secretsManager), ...(spec.notExported ?? [])]);
  const wanted = [...new Set(exportedVariables)].filter((name) => {
    const reason = name.startsWith('AWS_') ? 'its name begins with AWS_' : secret.has(name) ? 'it comes from the parameter store or the secrets manager' : undefined;
    if (reason !== undefined) lines.container(`The variable ${name} cannot be exported: ${reason}`);
    return reason === undefined;
  });
  const values = await session.read(wanted);
  if (wanted.length > 0) sink.exported(wanted.map((name) => ({ name, value: values[name] ?? '' })));
}

function declared({ artifacts, secondaryArtifacts }: Buildspec): [string | null, ArtifactSpec][] {
  return [...(artifacts === undefined ? [] : [[null, artifacts] satisfies [null, ArtifactSpec]]), ...Object.entries(secondaryArtifacts)];
}

async function expandPaths(session: Session, artifact: ArtifactSpec, source: string): Promise<ArtifactSpec> {
  const expand = async (text: string): Promise<string> => (/[$`]/.test(text) ? (await session.expand(text)).trim() : text);
  const path = async (text: string): Promise<string> => insideSource(await expand(text), source);
  const files: string[] = [];
  for (const file of artifact.files) files.push(await path(file));
  const excludePaths: string[] = [];
  for (const excluded of artifact.excludePaths) excludePaths.push(await path(excluded));
  return {
    ...artifact, files, excludePaths,
    ...(artifact.baseDirectory === undefined ? {} : { baseDirectory: await path(artifact.baseDirectory) }),
    ...(artifact.s3Prefix === undefined ? {} : { s3Prefix: await expand(artifact.s3Prefix) }),
    ...(artifact.name === undefined ? {} : { name: await session.expand(artifact.name) }),
  };
}

/** `$CODEBUILD_SRC_DIR/dist` is `dist`. */
function insideSource(path: string, source: string): string {
  if (!path.startsWith('/')) return path;
  const normal = posix.normalize(path);
  if (normal === source || normal === `${source}/`) return '.';
  return normal.startsWith(`${source}/`) ? normal.slice(source.length + 1) : path;
}

/** Collects what was declared, from the host's side, when no process of the build lives any more. */
export async function collect(spec: BuildSpec, artifacts: readonly Declared[], lines: LineWriter, sink: BuildSink): Promise<void> {
  const folder = join(outputFolder(spec.folder), spec.source);
  for (const { identifier, artifact } of artifacts) {
    const { name, s3Prefix } = artifact;
    const named = { identifier, ...(name === undefined ? {} : { name }), ...(s3Prefix === undefined ? {} : { s3Prefix }) };
    try {
      if (!(await isInPlace(spec.folder, folder))) throw new ArtifactError('The source directory is gone, or the build has put a link in its place', artifact.files.join(', '));
      sink.artifact({ ...named, manifest: await collectArtifact(folder, artifact, (line) => lines.container(line)) });
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      sink.artifact({ ...named, error: { statusCode: error.statusCode, message: error.message } });
    }
  }
}
