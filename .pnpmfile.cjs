// @polyglot-sql/sdk declares Node 22 and runs on 20; it is only a test oracle.
module.exports = {
  hooks: {
    readPackage(manifest) {
      if (manifest.name === '@polyglot-sql/sdk') delete manifest.engines;
      return manifest;
    },
  },
};
