/** A constant of type nvarchar ("Constants (Transact-SQL)"). */
export function unicodeConstant(text: string): string {
  return `N'${text.replaceAll("'", "''")}'`;
}
