import { readFile } from 'node:fs/promises';
import type { CodeBuildApi } from '@slipway/contracts';
import type { EnvironmentLanguage, LanguageType, PlatformType } from '@slipway/contracts/codebuild';
import type { Runtimes } from '@slipway/builder';
import type { Operations } from '../../../kernel/service.ts';
import type { ChosenRunner } from './runner.ts';

export interface CuratedImagesDeps {
  readonly runner: ChosenRunner;
  /** What this machine has. */
  readonly runtimes: () => Promise<Runtimes>;
}

/** AWS's current image; every name of the form `aws/codebuild/…` stands for the same here. */
const IMAGE = 'aws/codebuild/standard:7.0';

const LANGUAGES: Readonly<Record<string, LanguageType>> = { nodejs: 'NODE_JS', python: 'PYTHON', java: 'JAVA', golang: 'GOLANG', php: 'PHP', ruby: 'RUBY', dotnet: 'DOTNET' };
const PLATFORMS: Readonly<Record<string, PlatformType>> = { debian: 'DEBIAN', ubuntu: 'UBUNTU', amzn: 'AMAZON_LINUX' };

/** What AWS's images really are in this installation: its own system with what is installed on it, or the operator's image. */
export function curatedImages({ runner, runtimes }: CuratedImagesDeps) {
  return {
    async ListCuratedEnvironmentImages() {
      if (runner.kind === undefined) return { platforms: [] };
      if (runner.kind === 'container') {
        if (runner.containerImage === undefined) return { platforms: [] };
        return { platforms: [{ platform: 'DEBIAN' as const, languages: [base(`Stands for the image ${runner.containerImage}, in a container`)] }] };
      }
      const system = await thisSystem();
      const languages = Object.entries(await runtimes()).flatMap(([name, versions]): EnvironmentLanguage[] => {
        const language = LANGUAGES[name];
        return language === undefined || versions.length === 0 ? [] : [{ language, images: [{ name: IMAGE, description: `${system.name} with ${name} ${versions.map(({ version }) => version).join(', ')}`, versions: [] }] }];
      });
      return { platforms: [{ platform: system.platform, languages: [base(`This machine's own system, ${system.name}`), ...languages] }] };
    },
  } satisfies Partial<Operations<CodeBuildApi>>;
}

const base = (description: string): EnvironmentLanguage => ({ language: 'BASE', images: [{ name: IMAGE, description, versions: [] }] });

async function thisSystem(): Promise<{ platform: PlatformType; name: string }> {
  // A machine need not say what it is.
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (key: string): string | undefined => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1];
  return { platform: PLATFORMS[value('ID') ?? ''] ?? 'UBUNTU', name: value('PRETTY_NAME') ?? 'Linux' };
}
