// Imported first by every entry script: an old Node is told so in words, before it meets syntax that it does not know.
const wanted = [20, 19];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < wanted[0] || (major === wanted[0] && minor < wanted[1])) {
  console.error(`sqlwarden needs Node.js ${wanted.join('.')} or later, and this is ${process.versions.node}`);
  console.error('install a current one from https://nodejs.org/ and run the command again');
  process.exit(1);
}
