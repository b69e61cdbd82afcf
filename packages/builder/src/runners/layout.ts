import { join } from 'node:path';

/** The host's side of `/codebuild`. */
export const codebuildFolder = (folder: string): string => join(folder, 'codebuild');

/** The host's side of `/codebuild/output`: whoever provides the sources puts them below it. */
export const outputFolder = (folder: string): string => join(codebuildFolder(folder), 'output');

/** The host's side of a sandbox's `/`, as far as nothing else is mounted there: `/tmp`, `/root`, `/var`. */
export const systemFolder = (folder: string): string => join(folder, 'system');

/** Command files: written by us, only read by the build. */
export const commandsFolder = (folder: string): string => join(folder, 'commands');

/** What the shell reports back: environment, directory, values. Written by the build, so never trusted. */
export const stateFolder = (folder: string): string => join(folder, 'state');

/** Named pipes between us and a container, there only until it has opened them. */
export const pipesFolder = (folder: string): string => join(folder, 'pipes');

export const homeFolder = (folder: string): string => join(codebuildFolder(folder), 'home');

/** The variable that marks every process of one build. */
export const MARK = 'SLIPWAY_BUILD_MARK';
