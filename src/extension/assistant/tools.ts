/** The tools that chat may call. Registering is all that happens at activation; the work is loaded with the first call. */
import { type Disposable, lm, type LanguageModelTool } from 'vscode';
import type { Services } from '../services/services';
import { toolNames } from './tool-names';

export function registerTools(services: () => Promise<Services>): Disposable[] {
  return toolNames.map((name) => {
    const tool: LanguageModelTool<unknown> = {
      prepareInvocation: async ({ input }) => (await import('./prepare')).prepare(name, input),
      invoke: async ({ input }, token) =>
        (await import('./invoke')).invoke(await services(), name, input, token),
    };
    return lm.registerTool(name, tool);
  });
}
