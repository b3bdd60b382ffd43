import { configProblem } from '../config/named-file.js';

/** A package that only telemetry needs. Rejects with a `ConfigError` that says what to install where it is not there. */
export async function installed<Module>(configFile: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    const name = /['"](@opentelemetry\/[a-z-]+)['"]/.exec(message)?.[1] ?? 'a package of OpenTelemetry';
    throw configProblem(
      'config-invalid',
      configFile,
      'telemetry',
      `${name} is not installed; run npm install ${name}, or take telemetry out`,
    );
  }
}
