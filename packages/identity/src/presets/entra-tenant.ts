const GUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ISSUER = new RegExp(`^https://(?:sts\\.[a-z.]+/(${GUID})/|login\\.[a-z.]+/(${GUID})/v2\\.0)$`);

/**
 * The tenant that an Entra ID issuer belongs to, or undefined when it does not name one (Microsoft identity platform, "Access token
 * claims reference", `iss`). The shared issuers `common`, `organizations` and `{tenantid}` name none.
 */
export function entraTenant(issuer: string): string | undefined {
  const match = ISSUER.exec(issuer);
  return match?.[1] ?? match?.[2];
}
