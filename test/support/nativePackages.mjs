import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const isIdentifier = /^[A-Za-z_$][\w$]*$/;

/**
 * Packages are loaded once in a process, by Node.js itself, instead of once for each test file: that is half of the
 * tests' time. To a test file each is a module with what `requireNative`, which the environment gives it, has of it.
 */
export default {
  process(_source, path, { supportsStaticESM }) {
    const native = `requireNative(${JSON.stringify(path)})`;
    if (!supportsStaticESM) {
      return { code: `module.exports = ${native};` };
    }
    const lines = Object.keys(require(path))
      .filter((name) => isIdentifier.test(name) && name !== '__esModule')
      .map((name, index) =>
        name === 'default'
          ? 'export default native.default;'
          : `const export${index} = native.${name}; export { export${index} as ${name} };`,
      );
    return { code: [`const native = ${native};`, ...lines].join('\n') };
  },
  getCacheKey: (source, path, { supportsStaticESM, configString }) =>
    createHash('sha256')
      .update(JSON.stringify([source, path, supportsStaticESM, configString]))
      .digest('hex'),
};
