/**
 * The statement that makes a session run as `role`, for the beginning of a session and behind COM_RESET_CONNECTION, which takes roles back ("SET ROLE",
 * "COM_RESET_CONNECTION"). It reads the same in every `sql_mode`.
 */
export function roleStatement(role: string): string {
  return `SET ROLE \`${role.replaceAll('`', '``')}\``;
}
