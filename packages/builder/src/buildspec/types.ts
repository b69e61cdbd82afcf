export const PHASES = ['install', 'pre_build', 'build', 'post_build'] as const;
/** A phase as the buildspec writes it. */
export type PhaseKey = (typeof PHASES)[number];

/** `RETRY`, `RETRY-<count>`, `RETRY-<regex>` and `RETRY-<count>-<regex>`: the whole build is to be tried again. */
export interface RetryOnFailure {
  readonly action: 'RETRY';
  /** How many further builds at most, 0 to 100. */
  readonly count: number;
  /** In RE2's language. What failed must match it. */
  readonly pattern: string;
}

/** What happens after a failed phase. Absent: AWS's own transitions (POST_BUILD follows a failed BUILD, nothing follows the others). */
export type OnFailure = 'ABORT' | 'CONTINUE' | RetryOnFailure;

export interface PhaseSpec {
  readonly commands: readonly string[];
  /** Run after the commands, whether they succeeded or not. */
  readonly finally: readonly string[];
  readonly onFailure?: OnFailure;
  /** The user that the phase wants to run as; a runner that cannot refuses by name. */
  readonly runAs?: string;
}

export interface ArtifactSpec {
  /** Globs, relative to the base directory. Like the other paths here they may hold `$VARIABLES`, expanded in the build's shell. */
  readonly files: readonly string[];
  readonly excludePaths: readonly string[];
  /** A folder or a glob of folders, relative to the source; `.` when absent. */
  readonly baseDirectory?: string;
  readonly discardPaths: boolean;
  /** Links that stay inside the artifact are kept as links in a zip. */
  readonly enableSymlinks: boolean;
  /** What the object's key in S3 begins with where the project's namespace is the build's id: `<s3-prefix>/<build id>/<name>`. */
  readonly s3Prefix?: string;
  /** In the shell's language: `site-$(date +%F)`; expanded in the build's shell after the last phase. */
  readonly name?: string;
}

export interface CacheSpec {
  /** As written, see `expandCacheKey`. Absent: the project has one cache, without a key. */
  readonly key?: string;
  /** At most five, matched as prefixes; of no effect without `key`. */
  readonly fallbackKeys: readonly string[];
  /** Globs, relative to the source or absolute in the build's eyes (`/root/.m2/**`). */
  readonly paths: readonly string[];
  /** `restore`: nothing is saved. `save`: nothing is restored. Absent: both. */
  readonly action?: 'restore' | 'save';
}

/** A parsed buildspec. Plain JSON: it travels to the supervisor as it is. */
export interface Buildspec {
  readonly version: '0.1' | '0.2';
  readonly shell: 'sh' | 'bash';
  readonly runAs?: string;
  /** The lowest precedence: the project's and StartBuild's variables win. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variable → name of the parameter. */
  readonly parameterStore: Readonly<Record<string, string>>;
  /** Variable → `secret-id:json-key:version-stage:version-id`, see `secretReference`. */
  readonly secretsManager: Readonly<Record<string, string>>;
  readonly exportedVariables: readonly string[];
  /** Git in the build asks the build's role for credentials. */
  readonly gitCredentialHelper: boolean;
  /** Artifacts and logs leave a build on the host's side, past any proxy of its own: both values have the same effect. */
  readonly proxy: { readonly uploadArtifacts: boolean; readonly logs: boolean };
  /** Runtime → version as written: `nodejs` → `20`, `$NODE_VERSION` or `latest`. */
  readonly runtimeVersions: Readonly<Record<string, string>>;
  readonly phases: Readonly<Partial<Record<PhaseKey, PhaseSpec>>>;
  readonly artifacts?: ArtifactSpec;
  /** By artifact identifier. */
  readonly secondaryArtifacts: Readonly<Record<string, ArtifactSpec>>;
  readonly cache?: CacheSpec;
}
