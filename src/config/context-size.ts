/** Numbers of a context, as models take it and data bring it. */
import type { ModelConfig } from './schema';

/** 0 for a model that takes none. */
export function modelContext(model: ModelConfig): number {
  if (model.kind === 'vector') return model.context;
  const { context } = model;
  return context ? context.height * context.width * context.channels : 0;
}

export interface WithContext {
  contextNames?: readonly string[] | undefined;
  contextSize?: number | undefined;
}

/** 0 for data without. */
export function contextSizeOf({ contextNames, contextSize }: WithContext): number {
  return contextSize ?? contextNames?.length ?? 0;
}
