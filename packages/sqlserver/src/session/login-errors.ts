/** What to do about the errors of a login ("Database Engine events and errors"), for whoever runs the gateway. */
const ADVICE: ReadonlyMap<number, string> = new Map([
  [233, 'it takes no connections now, or not this many'],
  [911, 'there is no such database'],
  [4060, 'its database cannot be opened: check its name, and give the user rights on it'],
  [4063, 'its database cannot be opened: check its name, and give the user rights on it'],
  [4064, 'the default database of its user cannot be opened'],
  [10928, 'it has too many sessions'],
  [10929, 'it has too many sessions'],
  [17809, 'it has too many connections'],
  [18401, 'the server is starting'],
  [18451, 'only administrators may connect now'],
  [18452, 'its user is one of Windows; name one of SQL Server'],
  [18456, 'check user and password'],
  [18461, 'the server is in single-user mode'],
  [18463, 'its password has to be changed, and the new one is not good enough'],
  [18470, 'its user is disabled'],
  [18486, 'its user is locked'],
  [18487, 'its password has expired'],
  [18488, 'its password must be changed'],
  [33155, 'its user has too many sessions'],
  [40197, 'the server is busy, try again'],
  [40501, 'the server is busy, try again'],
  [40532, 'there is no such server'],
  [40544, 'its database is full'],
  [40613, 'its database is not available now'],
  [40615, 'its firewall lets nobody in from the host of the gateway'],
  [42108, 'its database is paused'],
]);

/** The server says that it is not that user, or that the password is wrong. */
const ABOUT_IDENTITY: ReadonlySet<number> = new Set([18452, 18456, 18463, 18470, 18486, 18487, 18488]);

export function adviceOn(number: number): string {
  return ADVICE.get(number) ?? 'see its log';
}

export function isAboutIdentity(number: number): boolean {
  return ABOUT_IDENTITY.has(number);
}
