/** The engine process: answers its parent over the channel, and ends when that channel closes, after running trainings have saved. */
import { createBirpc } from 'birpc';
import { statSync } from 'node:fs';
import path from 'node:path';
import type { EngineApi, EngineEvents } from '../protocol/engine';
import { decodeEnvelope, encodeEnvelope, toErrorData } from '../protocol/wire';
import { cacheRoot } from '../native/locate';
import { createService, type ServiceOptions } from './service';
import { startWatchdog } from './watchdog';

/** Exit code after an unexpected error. */
const failed = 70;

export function runEngine(): void {
  const service = createService({
    ...threadAndCache(path.join(__dirname, 'onnx-thread.js')),
    ownFilesOnly: process.env['FLOWSCOPE_OWN_FILES'] === '1',
    events: {
      trainProgress: (token, progress) => void rpc.trainProgress.asEvent(token, progress),
      outlined: (path, outline) => void rpc.outlined.asEvent(path, outline),
      log: (line) => void rpc.log.asEvent(line),
    },
  });
  const rpc = createBirpc<EngineEvents, EngineApi>(logged(service), {
    post: (message) => {
      // Whoever asked may be gone by the time of the answer.
      if (process.connected) process.send!(message as object);
    },
    on: (listener) => void process.on('message', listener),
    off: (listener) => void process.off('message', listener),
    serialize: encodeEnvelope,
    deserialize: decodeEnvelope,
    eventNames: ['trainProgress', 'outlined', 'log'],
    timeout: -1,
  });

  /** Errors that are not meant for the user are written to the log with where they come from. */
  function logged(target: EngineApi): EngineApi {
    const callable = Object.entries(target).filter(([name]) => name !== 'shutDown');
    const wrapped = callable.map(([name, method]) => [
      name,
      async (...args: unknown[]) => {
        try {
          return await (method as (...params: unknown[]) => Promise<unknown>)(...args);
        } catch (error) {
          const { userError, cancelled, stack, message } = toErrorData(error);
          if (!userError && !cancelled) void rpc.log.asEvent(`${name}: ${stack ?? message}`);
          throw error;
        }
      },
    ]);
    return Object.fromEntries(wrapped) as EngineApi;
  }

  const die = (error: unknown): void => {
    const { stack, message } = toErrorData(error);
    const end = (): never => process.exit(failed);
    try {
      void rpc.log.asEvent(`The engine stops after an unexpected error: ${stack ?? message}`);
      process.stderr.write(`${stack ?? message}\n`, end);
    } catch {
      end();
    }
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  process.on('disconnect', () => {
    void service.shutDown().then(
      () => process.exit(0),
      () => process.exit(failed),
    );
  });
  startWatchdog();
  // The channel's other end decides when to stop; a Ctrl-C in its terminal reaches this process too.
  process.on('SIGINT', () => undefined);
}

function threadAndCache(onnxThread: string): ServiceOptions {
  try {
    // Names and sizes of files do for a build: they change with it.
    const build = [__filename, onnxThread].map((file) => {
      const { size, mtimeMs } = statSync(file);
      return `${size} ${mtimeMs}`;
    });
    return { onnxThread, cache: { folder: path.join(cacheRoot(), 'programs'), build: build.join() } };
  } catch {
    // Without a home folder nothing is kept.
    return { onnxThread };
  }
}
