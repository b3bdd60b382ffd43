// A process that writes entries as fast as it can and ships them to files and to an OTLP receiver; the test kills it.
const [, , library, directory, files, url, rounds] = process.argv;
const { Ledger, openSink, SinkFollower } = await import(library);
const followers = [];
const ledger = await Ledger.open({
  directory,
  origin: 'gateway.example/production',
  software: 'sinks',
  checkpointMs: 10,
  onSigned: () => followers.forEach((follower) => follower.wake()),
});
const base = { format: 'native', only: 'all', maxLag: 1, whenBehind: 'warn' };
const sinks = [
  { ...base, type: 'file', name: 'files', directory: files, maxBytes: 20_000, maxAgeMs: 50, command: undefined },
  {
    ...base,
    type: 'otlp',
    name: 'otlp',
    url,
    headers: {},
    headerFiles: {},
    tls: {},
    compression: 'none',
    timeoutMs: 5_000,
    serviceName: 's',
  },
];
for (const options of sinks) {
  const sink = openSink(options, (error) => console.error(error));
  followers.push(new SinkFollower({ directory, options, sink, onStatus: () => undefined, retryMs: 5 }));
}
for (const follower of followers) follower.start();
console.log('open');
for (let n = 0; n < Number(rounds); n++) {
  for (let i = 0; i < 20; i++)
    ledger.append({ type: 'session.closed', session: `${n} ${i}`, reason: 'x'.repeat(n % 200), durationMs: n }, []);
  ledger.flush();
  await new Promise((resolve) => setTimeout(resolve, 2));
}
await ledger.close();
await Promise.all(followers.map((follower) => follower.close(20_000)));
console.log(`closed ${ledger.size}`);
