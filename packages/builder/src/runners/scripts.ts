import type { Limits } from './limits/compute.ts';

/**
 * The two small programs inside a build. Neither contains anything from users: commands arrive as names of files on
 * descriptor 8, answers leave on descriptor 9, so that a command's output can never be taken for an answer.
 *
 * The keeper lives as long as the workspace and starts one shell after another, so that a shell that ends (`exit 3`)
 * does not take the sandbox, its /tmp and background processes with it. TERM is caught, not ignored: an ignored signal
 * would be inherited by every command. Its own standard error is closed: it would report "Terminated" into the log.
 *
 * Each line on descriptor 8 names a user ("-" for the keeper's own) and a shell. su takes what follows the user's name
 * as the shell's own arguments, in util-linux, shadow and busybox alike.
 *
 * $1 driver program, $2 state folder
 */
export const KEEPER = `
trap : TERM INT HUP
exec 7>&2 2>/dev/null
while IFS=' ' read -r user shell <&8; do
  if [ "$user" = - ]; then "$shell" -c "$1" "\${shell##*/}" "$2" 2>&7 7>&-
  else su -s "$shell" "$user" -c "$1" "\${shell##*/}" "$2" 2>&7 7>&-
  fi
  printf 'exit %s\\n' "$?" >&9
done
`;

/**
 * The driver says that it is there, then sources each command file in its own shell, with /dev/null as standard input and
 * without the control descriptors, then notes directory and exported variables for a successor, then reports the status and
 * the shell's options: whoever traces the commands (set -x) is not shown what we do between them. ">|" because a command may
 * have set noclobber, "command" because one may have made functions of these names. The trap covers a shell that ends inside
 * a command; a command that sets its own EXIT trap leaves the state of the command before.
 *
 * $1 state folder
 */
export const DRIVER = `
__slipway_state=$1
shift
trap '{ set +xv; } 2>/dev/null; export -p >|"$__slipway_state/env"; command printf %s "$PWD" >|"$__slipway_state/cwd"' EXIT
printf 'ready\\n' >&9
while IFS= command read -r __slipway_command <&8; do
  { . "$__slipway_command"; } </dev/null 8<&- 9>&-
  { __slipway_status=$? __slipway_options=$-; set +xv; } 2>/dev/null
  export -p >|"$__slipway_state/env"
  command printf %s "$PWD" >|"$__slipway_state/cwd"
  command printf 'done %s %s\\n' "$__slipway_status" "$__slipway_options" >&9
done
`;

/**
 * What comes before the keeper in a container, where descriptors cannot be handed over: named pipes in a bound folder,
 * which are removed as soon as "ready" has come, so that no command can open them. The environment is read from a file, for what
 * an engine is told it writes on its disk and shows to everybody who may ask it. A watch kills everything when our end of
 * "life" closes: nothing goes on in a container whose supervisor is gone.
 *
 * $3 folder of the pipes, $4 file of the environment
 */
export const CONTAINER_KEEPER = `
exec 8<"$3/control" 9>"$3/answers" 6<"$3/life" >"$3/output" 2>&1 </dev/null || exit 1
(while read -r line <&6; do :; done; kill -9 -1) 8<&- 9>&- >/dev/null 2>&1 &
exec 6<&-
read -r go <&8
. "$4"
printf 'ready %s\\n' "$(command -v bash)" >&9
${KEEPER}`;

/** A keeper all of whose processes are refused files that are larger: a preallocated one is there faster than anybody looks. */
export function limitingFiles(keeper: string, { fileBytes }: Limits = {}): string {
  return fileBytes === undefined ? keeper : `ulimit -f ${Math.floor(fileBytes / BLOCK)} 2>/dev/null\n${keeper}`;
}

/** What POSIX's `ulimit -f` counts in, bytes. */
const BLOCK = 512;
