import type { AddressInfo } from 'node:net';
import { formatWhy, why } from '@sqlwarden/ledger';
import { createApplication } from './application.js';
import { openSite } from './site.js';

const site = await openSite();
const application = createApplication(site.configFile);
try {
  await new Promise<void>((resolve) => application.server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(application.server.address() as AddressInfo).port}`;
  const ask = async (who: string, method: string, path: string, headers: Readonly<Record<string, string>>): Promise<void> => {
    const response = await fetch(`${base}${path}`, { method, headers });
    console.log(`${who.padEnd(5)} ${method} ${path} ${headers['x-ticket'] ?? ''}\n      ${response.status} ${await response.text()}`);
  };
  const ada = { authorization: `Bearer ${site.token('ada', ['support'])}` };
  const dana = { authorization: `Bearer ${site.token('dana', ['privacy'])}` };

  // At the same time, over the same pool.
  await Promise.all([ask('ada', 'GET', '/people', ada), ask('dana', 'GET', '/people', dana)]);
  await ask('-', 'GET', '/people', {});
  await ask('ada', 'PUT', '/people/1?name=Maya+C.+Chen', ada);
  await ask('ada', 'PUT', '/people/1?name=Maya+C.+Chen', { ...ada, 'x-ticket': 'CHG-2291' });
} finally {
  await application.close();
}
console.log(`\n${formatWhy(await why(site.ledger, { about: 'column', name: 'public.people.name' }))}`);
await site.remove();
