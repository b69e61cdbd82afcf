export const PHASES = ['install', 'pre_build', 'build', 'post_build'] as const;
/** A phase as the buildspec writes it. */
export type PhaseKey = (typeof PHASES)[number];

/** What happens after a failed phase. Absent: AWS's own transitions (POST_BUILD follows a failed BUILD, nothing follows the others). */
export type OnFailure = 'ABORT' | 'CONTINUE';

export interface PhaseSpec {
  readonly commands: readonly string[];
  /** Run after the commands, whether they succeeded or not. */
  readonly finally: readonly string[];
  readonly onFailure?: OnFailure;
  /** The user that the phase wants to run as; a runner that cannot refuses by name. */
  readonly runAs?: string;
}

export interface ArtifactSpec {
  /** Globs, relative to the base directory. */
  readonly files: readonly string[];
  readonly excludePaths: readonly string[];
  /** A folder or a glob of folders, relative to the source; `.` when absent. */
  readonly baseDirectory?: string;
  readonly discardPaths: boolean;
  /** In the shell's language: `site-$(date +%F)`; expanded in the build's shell after the last phase. */
  readonly name?: string;
}

/** A parsed buildspec. Plain JSON: it travels to the supervisor as it is. */
export interface Buildspec {
  readonly version: '0.1' | '0.2';
  readonly shell: 'sh' | 'bash';
  readonly runAs?: string;
  /** The lowest precedence: the project's and StartBuild's variables win. */
  readonly variables: Readonly<Record<string, string>>;
  readonly exportedVariables: readonly string[];
  readonly phases: Readonly<Partial<Record<PhaseKey, PhaseSpec>>>;
  readonly artifacts?: ArtifactSpec;
  /** By artifact identifier. */
  readonly secondaryArtifacts: Readonly<Record<string, ArtifactSpec>>;
}
