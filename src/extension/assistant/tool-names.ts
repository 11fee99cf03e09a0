/** Names in the manifest. */
export const toolNames = [
  'flowscope_summarizeCheckpoint',
  'flowscope_scoreFile',
  'flowscope_findNonFinite',
] as const;

export type ToolName = (typeof toolNames)[number];
