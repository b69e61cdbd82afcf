/**
 * The two small programs inside a build. Neither contains anything from users: commands arrive as names of files on
 * descriptor 8, answers leave on descriptor 9, so that a command's output can never be taken for an answer.
 *
 * The keeper lives as long as the workspace and starts one shell after another, so that a shell that ends (`exit 3`)
 * does not take the sandbox, its /tmp and background processes with it. TERM is caught, not ignored: an ignored signal
 * would be inherited by every command. Its own standard error is closed: it would report "Terminated" into the log.
 *
 * $1 driver program, $2 state folder
 */
export const KEEPER = `
trap : TERM INT HUP
exec 7>&2 2>/dev/null
while IFS= read -r shell <&8; do
  "$shell" -c "$1" "\${shell##*/}" "$2" 2>&7 7>&-
  printf 'exit %s\\n' "$?" >&9
done
`;

/**
 * The driver sources each command file in its own shell, with /dev/null as standard input and without the control
 * descriptors, then notes directory and exported variables for a successor, then reports the status. ">|" because a
 * command may have set noclobber. The trap covers a shell that ends inside a command; a command that sets its own EXIT
 * trap leaves the state of the command before.
 *
 * $1 state folder
 */
export const DRIVER = `
__slipway_state=$1
shift
trap 'export -p >|"$__slipway_state/env"; printf %s "$PWD" >|"$__slipway_state/cwd"' EXIT
while IFS= read -r __slipway_command <&8; do
  { . "$__slipway_command"; } </dev/null 8<&- 9>&-
  __slipway_status=$?
  export -p >|"$__slipway_state/env"
  printf %s "$PWD" >|"$__slipway_state/cwd"
  printf 'done %s\\n' "$__slipway_status" >&9
done
`;
