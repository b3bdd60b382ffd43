const { existsSync } = require('node:fs');
const path = require('node:path');

const source = /[\\/](packages|examples)[\\/][^\\/]+[\\/]src[\\/]/;

/**
 * Resolves the `.js` of a relative import between our own sources to the `.ts` file that it is built from; everything else as jest does.
 *
 * @type {import('jest').SyncResolver}
 */
module.exports = (request, options) => {
  if (request.startsWith('.') && request.endsWith('.js') && source.test(`${options.basedir}/`)) {
    const typescript = path.resolve(options.basedir, `${request.slice(0, -3)}.ts`);
    if (existsSync(typescript)) return typescript;
  }
  return options.defaultResolver(request, options);
};
